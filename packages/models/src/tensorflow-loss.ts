/** Losses as TensorFlow ops, with their gradients with respect to the logits. */
import type { Head } from './head.js';
import type { LossName } from './loss.js';
import { activationOf } from './tensorflow-activation.js';
import { boolAttr, FLOAT, type GraphBuilder, output, type Ref, typeAttr } from './tensorflow-graph.js';

/** What a loss is computed from. */
export interface LossInputs {
  readonly loss: LossName;
  readonly head: Head;
  /** Logits z, [size, outputs]. */
  readonly logits: Ref;
  /** Targets t, [size, outputs]. */
  readonly rows: Ref;
  /** K, elements of one output. */
  readonly outputs: number;
}

/** The loss l_i of each sample, [size], and ∂l_i/∂z_i, [size, outputs]. */
export interface LossRefs {
  readonly perSample: Ref;
  readonly gradient: Ref;
}

const REDUCE = { ...FLOAT, Tidx: typeAttr('int32') };

/** Formulas as in loss.ts. */
export function writeLoss(graph: GraphBuilder, o: LossInputs): LossRefs {
  switch (o.loss) {
    case 'categorical-crossentropy':
      return categorical(graph, o);
    case 'binary-crossentropy':
      return binary(graph, o);
    case 'mean-squared-error':
      return squared(graph, o);
  }
}

/** y from z. */
export function writeHead(graph: GraphBuilder, logits: Ref, head: Head): Ref {
  return activationOf(head)?.forward(graph, logits) ?? logits;
}

/** The op gives b = softmax(z) − t, right where Σ t = 1; in general ∂l/∂z = Σt softmax(z) − t = b + (Σt − 1)(b + t). */
function categorical(graph: GraphBuilder, { logits: z, rows: t }: LossInputs): LossRefs {
  const node = graph.op('SoftmaxCrossEntropyWithLogits', [z, t], FLOAT);
  const b = output(node, 1);
  const sum = graph.op('Sum', [t, graph.int([1])], { ...REDUCE, keep_dims: boolAttr(true) });
  const excess = graph.op('Sub', [sum, graph.float(1)], FLOAT);
  const rest = graph.op('Mul', [excess, graph.op('AddV2', [b, t], FLOAT)], FLOAT);
  return { perSample: node, gradient: graph.op('AddV2', [b, rest], FLOAT) };
}

/** l = mean_k (softplus(z_k) − t_k z_k), ∂l/∂z_k = (σ(z_k) − t_k) / K */
function binary(graph: GraphBuilder, { logits: z, rows: t, outputs }: LossInputs): LossRefs {
  const products = graph.op('Mul', [t, z], FLOAT);
  const losses = graph.op('Sub', [graph.op('Softplus', [z], FLOAT), products], FLOAT);
  const difference = graph.op('Sub', [graph.op('Sigmoid', [z], FLOAT), t], FLOAT);
  return {
    perSample: graph.op('Mean', [losses, graph.int([1])], REDUCE),
    gradient: graph.op('Mul', [difference, graph.float(1 / outputs)], FLOAT),
  };
}

/** l = mean_k (y_k − t_k)², ∂l/∂y_k = 2 (y_k − t_k) / K, then through the head */
function squared(graph: GraphBuilder, { logits: z, rows: t, outputs, head }: LossInputs): LossRefs {
  const y = writeHead(graph, z, head);
  const difference = graph.op('Sub', [y, t], FLOAT);
  const dy = graph.op('Mul', [difference, graph.float(2 / outputs)], FLOAT);
  return {
    perSample: graph.op('Mean', [graph.op('Square', [difference], FLOAT), graph.int([1])], REDUCE),
    gradient: activationOf(head)?.backward(graph, { z, y, dy }) ?? dy,
  };
}
