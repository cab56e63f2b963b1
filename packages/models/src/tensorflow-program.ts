/** The whole step of a model as one TensorFlow graph: parameters and a batch in, loss and flat gradient out. */
import type { BatchShape } from './batch.js';
import { ModelError } from './errors.js';
import { type Head, withLogits } from './head.js';
import type { LossName } from './loss.js';
import type { WeightRange } from './replica.js';
import type { SavedModelContent, SignatureDef } from './saved-model-proto.js';
import { FLOAT, GraphBuilder, intAttr, type Port, type Ref, signature, typeAttr } from './tensorflow-graph.js';
import type { LayerWeightRef } from './tensorflow-layer.js';
import { writeHead, writeLoss } from './tensorflow-loss.js';
import { type Network, writeNetwork } from './tensorflow-network.js';
import type { Normalization } from './tfjs-step.js';
import { type LayerJson, parseTopology } from './topology.js';

/** What is written. */
export interface ProgramOptions {
  /** Topology JSON. */
  readonly topology: string;
  readonly layout: readonly WeightRange[];
  readonly stateLayout: readonly WeightRange[];
  /** Shape of one input. */
  readonly inputShape: readonly number[];
  readonly shape: BatchShape;
  readonly loss: LossName;
  readonly normalization: Normalization;
}

/** How inputs are fed: uint8 values packed four to an int32 (tfjs has no uint8), or float32 [size, ...shape]. */
type InputKind = 'bytes' | 'floats';
/** How targets are fed: class indexes, int32 [size], or rows, float32 [size, outputs]. */
type TargetKind = 'labels' | 'rows';
export type SignatureName =
  | `train/${InputKind}/${TargetKind}`
  | `evaluate/${InputKind}/${TargetKind}`
  | `predict/${InputKind}`;

const INDEX = { Tidx: typeAttr('int32') };
const REDUCE = { ...FLOAT, ...INDEX };
const TO_FLOAT = (from: 'int32' | 'uint8' | 'bool') => ({ SrcT: typeAttr(from), DstT: typeAttr('float32') });

/**
 * Writes the graph. Its signatures, by {@link SignatureName}, take
 *
 * - `parameters` float32 [n], and where there is any `state` float32 [m]; `size` int32 [], the number of samples
 * - `inputs` and, but for predict, `targets`, as their kinds say, and `weights` float32 [size]
 * - train with Dropout: `seed` int32 [], another for every step
 *
 * and give `loss` (mean of w_i l_i, regularisers not included) and `correct`, float32 []; train also `gradients`
 * float32 [n] (regularisers included) and `state` [m]; predict `outputs` [size, outputs].
 *
 * @throws ModelError `unsupported`, naming the layer that is not written as a graph
 * @example await writeFile('step/saved_model.pb', encodeSavedModel(writeProgram(options)));
 */
export function writeProgram(o: ProgramOptions): SavedModelContent {
  if (o.layout.length === 0) throw new ModelError('unsupported', 'model: trainable weights expected, it has none');
  return new Program(o).write();
}

class Program {
  readonly #o: ProgramOptions;
  readonly #graph = new GraphBuilder();
  readonly #topology: LayerJson;
  readonly #head: Head;
  readonly #ports: Record<string, Port> = {};
  readonly #weights: ReadonlyMap<string, LayerWeightRef>;
  readonly #size: Ref;
  #seed: Port | undefined;

  constructor(o: ProgramOptions) {
    this.#o = o;
    const { json, head } = withLogits(o.topology);
    this.#topology = parseTopology(json);
    this.#head = head;
    this.#ports['parameters'] = this.#port('parameters', 'float32', [lengthOf(o.layout)]);
    if (o.stateLayout.length > 0) this.#ports['state'] = this.#port('state', 'float32', [lengthOf(o.stateLayout)]);
    this.#ports['size'] = this.#port('size', 'int32', []);
    this.#size = this.#ports['size'].ref;
    this.#weights = new Map([
      ...this.#slices(o.layout, 'parameters', true),
      ...this.#slices(o.stateLayout, 'state', false),
    ]);
  }

  write(): SavedModelContent {
    const { inputShape, shape } = this.#o;
    const bytes = this.#port('bytes', 'int32', [-1]);
    const floats: Port = { ref: this.#normalized(bytes.ref), dtype: 'float32', shape: [-1, ...inputShape] };
    const labels = this.#port('labels', 'int32', [-1]);
    const rows: Port = { ref: this.#oneHot(labels.ref), dtype: 'float32', shape: [-1, shape.outputs] };
    const weights = this.#port('weights', 'float32', [-1]);

    const network = (training: boolean) =>
      writeNetwork({
        graph: this.#graph,
        topology: this.#topology,
        input: floats.ref,
        training,
        seed: () => this.#seedRef(),
        weight: (name) => this.#weights.get(name),
      });
    const train = this.#training(network(true), rows.ref, weights.ref);
    const infer = network(false);
    const logits = this.#logits(infer);
    const evaluate = this.#scores(logits, rows.ref, weights.ref).ports;
    const outputs: Port = { ref: writeHead(this.#graph, logits, this.#head), dtype: 'float32', shape: rows.shape };

    const signatures: Partial<Record<SignatureName, SignatureDef>> = {};
    const given = this.#ports;
    const drawn = this.#seed === undefined ? given : { ...given, seed: this.#seed };
    for (const [input, inputs] of Object.entries({ bytes, floats }) as [InputKind, Port][]) {
      signatures[`predict/${input}`] = signature({ ...given, inputs }, { outputs });
      for (const [target, targets] of Object.entries({ labels, rows }) as [TargetKind, Port][]) {
        const batch = { inputs, targets, weights };
        signatures[`train/${input}/${target}`] = signature({ ...drawn, ...batch }, train);
        signatures[`evaluate/${input}/${target}`] = signature({ ...given, ...batch }, evaluate);
      }
    }
    return { nodes: this.#graph.nodes, signatures };
  }

  /** The gradient of (1/size) Σ w_i l_i + Σ regularisers, and the new moving statistics. */
  #training(network: Network, rows: Ref, weights: Ref): Record<string, Port> {
    const graph = this.#graph;
    const { layout, stateLayout } = this.#o;
    const logits = this.#logits(network);
    const { ports, gradient, share } = this.#scores(logits, rows, weights);
    const column = graph.op('Reshape', [share, graph.int([-1, 1])], FLOAT);
    const dLogits = graph.op('Mul', [gradient, column], FLOAT);
    const dOutput = graph.op('Reshape', [dLogits, graph.int([-1, ...network.output.shape])], FLOAT);
    const gradients = network.backward(dOutput);
    const weightRef = (name: string) => (this.#weights.get(name) as LayerWeightRef).ref;
    const outputs: Record<string, Port> = {
      ...ports,
      gradients: this.#flat(layout, (name) => gradients.get(name) ?? graph.op('ZerosLike', [weightRef(name)], FLOAT)),
    };
    if (stateLayout.length > 0) {
      outputs['state'] = this.#flat(stateLayout, (name) => network.updates.get(name) ?? weightRef(name));
    }
    return outputs;
  }

  #logits(network: Network): Ref {
    return this.#graph.op('Reshape', [network.output.ref, this.#graph.int([-1, this.#o.shape.outputs])], FLOAT);
  }

  /** Mean loss, number of correct samples, ∂l_i/∂z_i, and w_i / size. */
  #scores(logits: Ref, rows: Ref, weights: Ref): { ports: Record<string, Port>; gradient: Ref; share: Ref } {
    const graph = this.#graph;
    const { loss, shape } = this.#o;
    const { perSample, gradient } = writeLoss(graph, { loss, head: this.#head, logits, rows, outputs: shape.outputs });
    const size = graph.op('Cast', [this.#size], TO_FLOAT('int32'));
    const share = graph.op('RealDiv', [weights, size], FLOAT);
    const total = graph.op('Sum', [graph.op('Mul', [perSample, share], FLOAT), graph.int([0])], REDUCE);
    const scalar = (ref: Ref): Port => ({ ref, dtype: 'float32', shape: [] });
    return { ports: { loss: scalar(total), correct: scalar(this.#correct(logits, rows)) }, gradient, share };
  }

  /** As countCorrect() has it. */
  #correct(logits: Ref, rows: Ref): Ref {
    const graph = this.#graph;
    if (this.#o.shape.outputs === 1 && this.#head !== 'sigmoid') return graph.op('Identity', [graph.float(0)], FLOAT);
    let hit: Ref;
    if (this.#o.shape.outputs === 1) {
      const positive = [
        graph.op('Greater', [logits, graph.float(0)], FLOAT),
        graph.op('Greater', [rows, graph.float(0.5)], FLOAT),
      ];
      hit = graph.op('Equal', positive, { T: typeAttr('bool') });
    } else {
      const attrs = { ...FLOAT, ...INDEX, output_type: typeAttr('int32') };
      const best = [logits, rows].map((ref) => graph.op('ArgMax', [ref, graph.int(1)], attrs));
      hit = graph.op('Equal', best, { T: typeAttr('int32') });
    }
    const counted = graph.op('Reshape', [graph.op('Cast', [hit], TO_FLOAT('bool')), graph.int([-1])], FLOAT);
    return graph.op('Sum', [counted, graph.int([0])], REDUCE);
  }

  /** x ← scale · x + shift of uint8 values, four to an int32. */
  #normalized(packed: Ref): Ref {
    const graph = this.#graph;
    const { normalization, shape, inputShape } = this.#o;
    const bytes = graph.op('Bitcast', [packed], { T: typeAttr('int32'), type: typeAttr('uint8') });
    const reshape = { T: typeAttr('uint8') };
    let flat = graph.op('Reshape', [bytes, graph.int([-1])], reshape);
    if (shape.features % 4 !== 0) {
      const length = graph.op('Mul', [this.#size, graph.int(shape.features)], { T: typeAttr('int32') });
      const lengths = graph.op('Reshape', [length, graph.int([1])], { T: typeAttr('int32') });
      flat = graph.op('Slice', [flat, graph.int([0]), lengths], { ...reshape, Index: typeAttr('int32') });
    }
    const images = graph.op('Reshape', [flat, graph.int([-1, ...inputShape])], reshape);
    const floats = graph.op('Cast', [images], TO_FLOAT('uint8'));
    const scaled = graph.op('Mul', [floats, graph.float(normalization.scale)], FLOAT);
    return graph.op('AddV2', [scaled, graph.float(normalization.shift)], FLOAT, 'inputs');
  }

  /** As targetRows() has it. */
  #oneHot(labels: Ref): Ref {
    const graph = this.#graph;
    const { outputs } = this.#o.shape;
    if (outputs === 1) {
      const values = graph.op('Cast', [labels], TO_FLOAT('int32'));
      return graph.op('Reshape', [values, graph.int([-1, 1])], FLOAT, 'rows');
    }
    const operands = [labels, graph.int(outputs), graph.float(1), graph.float(0)];
    return graph.op('OneHot', operands, { ...FLOAT, TI: typeAttr('int32'), axis: intAttr(-1) }, 'rows');
  }

  #port(name: string, dtype: 'float32' | 'int32', shape: readonly number[]): Port {
    return { ref: this.#graph.placeholder(name, dtype, shape), dtype, shape };
  }

  #seedRef(): Ref {
    this.#seed ??= this.#port('seed', 'int32', []);
    return this.#seed.ref;
  }

  #slices(layout: readonly WeightRange[], from: 'parameters' | 'state', trained: boolean): [string, LayerWeightRef][] {
    const graph = this.#graph;
    return layout.map(({ name, shape, offset, length }) => {
      const operands = [from, graph.int([offset]), graph.int([length])];
      const part = graph.op('Slice', operands, { ...FLOAT, Index: typeAttr('int32') });
      return [name, { ref: graph.op('Reshape', [part, graph.int(shape)], FLOAT), shape, trained }];
    });
  }

  #flat(layout: readonly WeightRange[], of: (name: string) => Ref): Port {
    const graph = this.#graph;
    const parts = layout.map(({ name }) => graph.op('Reshape', [of(name), graph.int([-1])], FLOAT));
    const shape = [lengthOf(layout)];
    const [only] = parts;
    if (only !== undefined && parts.length === 1) return { ref: only, dtype: 'float32', shape };
    const attrs = { ...FLOAT, ...INDEX, N: intAttr(parts.length) };
    return { ref: graph.op('ConcatV2', [...parts, graph.int(0)], attrs), dtype: 'float32', shape };
  }
}

function lengthOf(layout: readonly WeightRange[]): number {
  return layout.reduce((n, { length }) => n + length, 0);
}
