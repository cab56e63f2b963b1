/** The layers that are written as a graph, by their class in a topology. */

import { activateLayer, layerActivation } from './tensorflow-activate.js';
import { type Activation, activationOf, leakyRelu } from './tensorflow-activation.js';
import { boolAttr, FLOAT, floatAttr, intAttr, output, type Ref, typeAttr } from './tensorflow-graph.js';
import {
  expectOption,
  type LayerContext,
  type LayerResult,
  type LayerWriter,
  numberOption,
  onlyInput,
  unsupported,
  weightOf,
} from './tensorflow-layer.js';
import {
  averagePooling2d,
  conv2d,
  depthwiseConv2d,
  globalAveragePooling2d,
  maxPooling2d,
} from './tensorflow-spatial-layers.js';

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const INT_INDEX = { Tidx: typeAttr('int32') };

/** y = act(x W + b): dW = xᵀ dz, dx = dz Wᵀ. Inputs of more than two dimensions are rows of their last. */
const dense: LayerWriter = (c) => {
  const { graph } = c;
  const x = onlyInput(c);
  const kernel = weightOf(c, 'kernel');
  const [features = 0, units = 0] = kernel.shape;
  const shape = [...x.shape.slice(0, -1), units];
  const rows = x.shape.length > 1;
  const flat = rows ? graph.op('Reshape', [x.ref, graph.int([-1, features])], FLOAT) : x.ref;
  const matMul = (a: Ref, b: Ref, transpose: 'a' | 'b' | '') =>
    graph.op('MatMul', [a, b], {
      ...FLOAT,
      transpose_a: boolAttr(transpose === 'a'),
      transpose_b: boolAttr(transpose === 'b'),
    });
  const { ref, backward } = activateLayer(c, matMul(flat, kernel.ref, ''));
  return {
    ref: rows ? graph.op('Reshape', [ref, graph.int([-1, ...shape])], FLOAT) : ref,
    shape,
    backward: (dy) => {
      const { dz, weights } = backward(rows ? graph.op('Reshape', [dy, graph.int([-1, units])], FLOAT) : dy);
      if (kernel.trained) weights['kernel'] = matMul(flat, dz, 'a');
      if (!x.trained) return { inputs: [null], weights };
      const dx = matMul(dz, kernel.ref, 'b');
      return {
        inputs: [rows ? graph.op('Reshape', [dx, graph.int([-1, ...x.shape])], FLOAT) : dx],
        weights,
      };
    },
  };
};

function reshaped(c: LayerContext, shape: readonly number[]): LayerResult {
  const { graph } = c;
  const x = onlyInput(c);
  const to = (ref: Ref, dims: readonly number[]) => graph.op('Reshape', [ref, graph.int([-1, ...dims])], FLOAT);
  return { ref: to(x.ref, shape), shape, backward: (dy) => ({ inputs: [to(dy, x.shape)] }) };
}

const flatten: LayerWriter = (c) => {
  expectOption(c, 'data_format', 'channels_last');
  return reshaped(c, [sizeOf(onlyInput(c).shape)]);
};

/** One dimension of the target may be −1: what is left. */
const reshape: LayerWriter = (c) => {
  const size = sizeOf(onlyInput(c).shape);
  const target = (c.config['target_shape'] as (number | null)[]).map((n) => n ?? -1);
  const known = sizeOf(target.filter((n) => n >= 0));
  return reshaped(
    c,
    target.map((n) => (n < 0 ? size / known : n)),
  );
};

function elementwise(activationFor: (c: LayerContext) => Activation): LayerWriter {
  return (c) => {
    const { ref: z, shape } = onlyInput(c);
    const activation = activationFor(c);
    const y = activation.forward(c.graph, z);
    return { ref: y, shape, backward: (dy) => ({ inputs: [activation.backward(c.graph, { z, y, dy })] }) };
  };
}

/** Only what keeps a plain op: max_value is none or 6. */
function reluLayer(c: LayerContext): Activation {
  const most = c.config['max_value'] ?? null;
  if (most !== null && most !== 6) throw unsupported(c, `max_value none or 6 expected, got ${most}`);
  return activationOf(most === 6 ? 'relu6' : 'relu') as Activation;
}

function eluLayer(c: LayerContext): Activation {
  expectOption(c, 'alpha', 1);
  return activationOf('elu') as Activation;
}

function softmaxLayer(c: LayerContext): Activation {
  const axis = numberOption(c, 'axis', -1);
  const { length } = onlyInput(c).shape;
  if (axis !== -1 && axis !== length) throw unsupported(c, `the last axis expected, got ${axis}`);
  return activationOf('softmax') as Activation;
}

/** Y = Σ X_k: every X_k gets dY. */
const add: LayerWriter = (c) => {
  const [first] = c.inputs;
  if (first === undefined || c.inputs.some(({ shape }) => shape.join() !== first.shape.join())) {
    throw unsupported(c, 'inputs of one shape expected');
  }
  const ref = c.graph.op(
    'AddN',
    c.inputs.map((x) => x.ref),
    { ...FLOAT, N: intAttr(c.inputs.length) },
  );
  return { ref, shape: first.shape, backward: (dy) => ({ inputs: c.inputs.map(() => dy) }) };
};

/** Along one axis; the gradient is split as the inputs were. */
const concatenate: LayerWriter = (c) => {
  const { graph, inputs } = c;
  const rank = (inputs[0]?.shape.length ?? 0) + 1;
  const asked = numberOption(c, 'axis', -1);
  const axis = asked < 0 ? asked + rank : asked;
  if (inputs.length < 2 || axis < 1) throw unsupported(c, 'several inputs, and not the batch as axis, expected');
  const sizes = inputs.map((x) => x.shape[axis - 1] ?? 0);
  const shape = inputs[0]?.shape.map((n, i) => (i === axis - 1 ? sizes.reduce((a, b) => a + b) : n)) ?? [];
  const N = intAttr(inputs.length);
  const ref = graph.op('ConcatV2', [...inputs.map((x) => x.ref), graph.int(axis)], { ...FLOAT, ...INT_INDEX, N });
  return {
    ref,
    shape,
    backward: (dy) => {
      const attrs = { ...FLOAT, Tlen: typeAttr('int32'), num_split: N };
      const split = graph.op('SplitV', [dy, graph.int(sizes), graph.int(axis)], attrs);
      return { inputs: inputs.map((_, k) => output(split, k)) };
    },
  };
};

/** y = x ∘ m / (1 − rate), m drawn by the step's seed and the layer's number (Philox, so the same on every device). */
const dropout: LayerWriter = (c) => {
  const { graph } = c;
  const { ref: x, shape } = onlyInput(c);
  const rate = numberOption(c, 'rate', 0);
  expectOption(c, 'noise_shape', null);
  if (!c.training || rate === 0) return { ref: x, shape, backward: (dy) => ({ inputs: [dy] }) };
  const pair = { T: typeAttr('int32'), N: intAttr(2), axis: intAttr(0) };
  const seed = graph.op('Pack', [c.seed.step(), graph.int(c.seed.layer)], pair);
  const drawn = graph.op('StatelessRandomUniform', [graph.op('Shape', [x], FLOAT), seed], {
    dtype: typeAttr('float32'),
    T: typeAttr('int32'),
    Tseed: typeAttr('int32'),
  });
  const kept = graph.op('GreaterEqual', [drawn, graph.float(rate)], FLOAT);
  const ones = graph.op('Cast', [kept], { SrcT: typeAttr('bool'), DstT: typeAttr('float32') });
  const mask = graph.op('Mul', [ones, graph.float(1 / (1 - rate))], FLOAT);
  const masked = (ref: Ref) => graph.op('Mul', [ref, mask], FLOAT);
  return { ref: masked(x), shape, backward: (dy) => ({ inputs: [masked(dy)] }) };
};

/**
 * y = γ (x − μ) / √(σ² + ε) + β over the last axis; μ and σ² are the batch's in training, else the moving ones.
 *
 * moving ← momentum · moving + (1 − momentum) · batch's. The op gives n/(n − 1) σ²; tfjs's moving variance takes σ².
 */
const batchNormalization: LayerWriter = (c) => {
  const { graph, training } = c;
  const x = onlyInput(c);
  const axis = numberOption(c, 'axis', -1);
  if (axis !== -1 && axis !== x.shape.length) throw unsupported(c, `the last axis expected, got ${axis}`);
  const channels = x.shape.at(-1) ?? 0;
  const pixels = sizeOf(x.shape.slice(0, -1));
  const rank4 = x.shape.length === 3;
  const to = (ref: Ref, shape: readonly number[]) =>
    rank4 ? ref : graph.op('Reshape', [ref, graph.int([-1, ...shape])], FLOAT);
  const constant = (value: number) => graph.float(new Array<number>(channels).fill(value), [channels]);
  const gamma = c.weight('gamma');
  const beta = c.weight('beta');
  const scale = gamma?.ref ?? constant(1);
  const mean = weightOf(c, 'moving_mean').ref;
  const variance = weightOf(c, 'moving_variance').ref;
  const attrs = {
    ...FLOAT,
    U: typeAttr('float32'),
    epsilon: floatAttr(numberOption(c, 'epsilon', 1e-3)),
    is_training: boolAttr(training),
  };
  const flat = to(x.ref, [1, pixels, channels]);
  const statistics = training ? [graph.float([], [0]), graph.float([], [0])] : [mean, variance];
  const node = graph.op('FusedBatchNormV3', [flat, scale, beta?.ref ?? constant(0), ...statistics], attrs);
  if (training) {
    const momentum = numberOption(c, 'momentum', 0.99);
    const moved = (old: Ref, now: Ref) => {
      const kept = graph.op('Mul', [old, graph.float(momentum)], FLOAT);
      return graph.op('AddV2', [kept, graph.op('Mul', [now, graph.float(1 - momentum)], FLOAT)], FLOAT);
    };
    c.update('moving_mean', moved(mean, output(node, 1)));
    const count = graph.op('Size', [to(x.ref, [1, pixels, channels])], FLOAT);
    const n = graph.op('Cast', [count], { SrcT: typeAttr('int32'), DstT: typeAttr('float32') });
    // (n − 1)/n = 1 − channels / (n · channels)
    const share = graph.op('Sub', [graph.float(1), graph.op('RealDiv', [graph.float(channels), n], FLOAT)], FLOAT);
    c.update('moving_variance', moved(variance, graph.op('Mul', [output(node, 2), share], FLOAT)));
  }
  return {
    ref: to(node, x.shape),
    shape: x.shape,
    backward: (dy) => {
      const reserved = [3, 4, 5].map((k) => output(node, k));
      const operands = [to(dy, [1, pixels, channels]), flat, scale, ...reserved];
      const gradient = graph.op('FusedBatchNormGradV3', operands, attrs);
      const weights: Record<string, Ref> = {};
      if (gamma?.trained) weights['gamma'] = output(gradient, 1);
      if (beta?.trained) weights['beta'] = output(gradient, 2);
      return { inputs: [to(gradient, x.shape)], weights };
    },
  };
};

const LAYERS = new Map<string, LayerWriter>([
  ['Dense', dense],
  ['Conv2D', conv2d],
  ['DepthwiseConv2D', depthwiseConv2d],
  ['MaxPooling2D', maxPooling2d],
  ['AveragePooling2D', averagePooling2d],
  ['GlobalAveragePooling2D', globalAveragePooling2d],
  ['Flatten', flatten],
  ['Reshape', reshape],
  ['Activation', elementwise(layerActivation)],
  ['ReLU', elementwise(reluLayer)],
  ['LeakyReLU', elementwise((c) => leakyRelu(numberOption(c, 'alpha', 0.3)))],
  ['ELU', elementwise(eluLayer)],
  ['Softmax', elementwise(softmaxLayer)],
  ['Add', add],
  ['Concatenate', concatenate],
  ['Dropout', dropout],
  ['BatchNormalization', batchNormalization],
]);

/** The writer of a layer class; undefined for one that is not known here. */
export const layerWriter = (className: string): LayerWriter | undefined => LAYERS.get(className);
