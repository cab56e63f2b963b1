import { beforeEach, describe, expect, it } from 'vitest';
import { createModel, getParameters, getState, type LossName, layoutOf, modelToJson } from '../src/index.js';
import { tf } from '../src/tf.js';
import { useFastestBackend } from '../src/tfjs-backend.js';
import { TfjsStep } from '../src/tfjs-step.js';
import { noise, Oracle, relativeError, sampleFor } from './oracle.js';

beforeEach(useFastestBackend);

const l = tf.layers;

function stepOf(model: tf.LayersModel, loss: LossName = 'categorical-crossentropy') {
  const parameters = getParameters(model);
  const gradients = new Float32Array(parameters.length);
  const state = getState(model);
  const normalization = { scale: 1 / 255, shift: 0 };
  const topology = modelToJson(model);
  const step = new TfjsStep({
    topology,
    loss,
    normalization,
    seed: 1,
    parameters,
    gradients,
    state,
  });
  return { step, parameters, gradients, state };
}

const image = [6, 6, 2];

/** A model of one input, given layers, and a softmax over three classes. */
function chain(inputShape: number[], ...layers: tf.layers.Layer[]): tf.LayersModel {
  const flatten = inputShape.length > 1 ? [l.flatten()] : [];
  return tf.sequential({
    layers: [l.inputLayer({ inputShape }), ...layers, ...flatten, l.dense({ units: 3, activation: 'softmax' })],
  });
}

function branches(): tf.LayersModel {
  const input = tf.input({ shape: image });
  const a = l
    .conv2d({ filters: 3, kernelSize: 3, padding: 'same', activation: 'tanh' })
    .apply(input) as tf.SymbolicTensor;
  const b = l.conv2d({ filters: 3, kernelSize: 1 }).apply(input) as tf.SymbolicTensor;
  const sum = l.add().apply([a, b]) as tf.SymbolicTensor;
  const both = l.concatenate().apply([sum, a]) as tf.SymbolicTensor;
  const flat = l.flatten().apply(both) as tf.SymbolicTensor;
  return tf.model({
    inputs: input,
    outputs: l.dense({ units: 3, activation: 'softmax' }).apply(flat) as tf.SymbolicTensor,
  });
}

const conv = (o: object) => l.conv2d({ filters: 4, kernelSize: 3, activation: 'tanh', ...o });
const act = (activation: 'relu' | 'relu6' | 'elu' | 'sigmoid' | 'tanh' | 'softplus' | 'selu') =>
  l.dense({ units: 6, activation });

const MODELS: Record<string, () => tf.LayersModel> = {
  dense: () => chain([5]),
  'dense of every activation': () => chain([5], act('elu'), act('sigmoid'), act('tanh'), act('softplus'), act('selu')),
  relu: () => chain([5], act('relu'), act('relu6')),
  'conv2d valid': () => chain(image, conv({})),
  'conv2d same': () => chain(image, conv({ padding: 'same' }), conv({ padding: 'same', kernelSize: [2, 3] })),
  'conv2d strides': () =>
    chain([7, 8, 2], conv({ strides: 2, padding: 'same' }), conv({ strides: [2, 1], kernelSize: 2 })),
  'conv2d 1×1 with stride': () => chain(image, conv({ kernelSize: 1 }), conv({ kernelSize: 1, strides: 2 })),
  'max pooling': () => chain(image, conv({ padding: 'same' }), l.maxPooling2d({ poolSize: 2 })),
  'max pooling, overlapping, same': () =>
    chain(image, conv({}), l.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  'average pooling': () => chain(image, conv({ padding: 'same' }), l.averagePooling2d({ poolSize: 2 })),
  'depthwise conv2d': () =>
    chain(image, l.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' }), conv({})),
  'batch normalization': () =>
    chain(image, conv({ activation: 'linear' }), l.batchNormalization(), l.activation({ activation: 'tanh' })),
  'dropout off': () => chain([5], act('tanh'), l.dropout({ rate: 0 })),
  'l2 regulariser': () =>
    chain([5], l.dense({ units: 6, activation: 'tanh', kernelRegularizer: tf.regularizers.l2({ l2: 0.1 }) })),
  'add and concatenate': branches,
};

const batch = { inputs: noise(4 * 64, 1), targets: Uint16Array.of(0, 1, 2, 0), size: 4 };

describe('TfjsStep', () => {
  it('holds as many tensors after 50 steps as after one', () => {
    const layers = [
      tf.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [8, 8, 1], kernelRegularizer: 'l1l2' }),
      tf.layers.batchNormalization(),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.dropout({ rate: 0.3 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ];
    const { step } = stepOf(tf.sequential({ layers }));
    const out = new Float32Array(12);
    const all = () => {
      step.gradient(batch);
      step.evaluate(batch);
      step.predict(batch, out);
    };
    all();
    const before = tf.memory();
    for (let i = 0; i < 50; i++) all();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
  });

  it('holds as many tensors after a step that failed', () => {
    const { step, parameters, gradients } = stepOf(createModel('cnn', { seed: 1, inputShape: [8, 8, 1], classes: 3 }));
    step.gradient(batch);
    const before = tf.memory().numTensors;
    const kept = gradients.slice();
    parameters[parameters.length - 1] = Number.NaN;
    expect(() => step.gradient(batch)).toThrow(/^step 2: a finite loss expected/);
    expect(tf.memory().numTensors).toBe(before);
    expect(gradients).toEqual(kept);
  });

  it('lowers the loss when parameters follow the gradient', () => {
    const { step, parameters, gradients } = stepOf(createModel('cnn', { seed: 1, inputShape: [8, 8, 1], classes: 3 }));
    const first = step.gradient(batch).loss;
    for (let k = 0; k < 20; k++) {
      for (let i = 0; i < parameters.length; i++) parameters[i]! -= 0.1 * gradients[i]!;
      step.gradient(batch);
    }
    expect(step.evaluate(batch).loss).toBeLessThan(first / 2);
  });

  it('frees its weights', () => {
    const model = createModel('mlp', { seed: 1, inputShape: [2, 2, 1] });
    const before = tf.memory().numTensors;
    stepOf(model).step.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

/** The same kernels in every run, uniform as Glorot's; the rest moved off the zeros where a relu has its kink. */
function startAt(model: tf.LayersModel, parameters: Float32Array): void {
  const values = noise(parameters.length, 3);
  for (const { shape, offset, length } of layoutOf(model)) {
    const fans = length / shape.at(-1)! + shape.at(-1)!;
    for (let i = offset; i < offset + length; i++) {
      if (shape.length > 1) parameters[i] = Math.sqrt(6 / fans) * values[i]!;
      else parameters[i]! += 0.05 * values[i]!;
    }
  }
}

describe('gradient', () => {
  it.each(Object.entries(MODELS))('%s: as cpu has it to 1e-4, as finite differences to 1e-2', async (name, build) => {
    const model = build();
    const { step, parameters, gradients } = stepOf(model);
    const sample = sampleFor(model, 5);
    startAt(model, parameters);
    step.gradient(sample);
    await tf.setBackend('cpu');
    const oracle = new Oracle(model, sample);
    expect(relativeError(gradients, oracle.gradient(parameters))).toBeLessThan(1e-4);

    // Eight directions v: (f(x + εv) − f(x − εv)) / 2ε = g·v; ε is small where a maximum may change on the way.
    const epsilon = name.startsWith('max') || name === 'relu' ? 3e-4 : 3e-3;
    const numeric: number[] = [];
    const exact: number[] = [];
    for (let k = 0; k < 8; k++) {
      const v = noise(parameters.length, 11 + k);
      const at = (sign: number) => oracle.total(parameters.map((x, i) => x + sign * epsilon * v[i]!));
      numeric.push((at(1) - at(-1)) / (2 * epsilon));
      exact.push(v.reduce((sum, vi, i) => sum + vi * gradients[i]!, 0));
    }
    expect(relativeError(exact, numeric)).toBeLessThan(1e-2);
  });

  it('follows the mean squared error of a linear head', async () => {
    const layers = [l.dense({ units: 4, activation: 'tanh', inputShape: [3] }), l.dense({ units: 2 })];
    const model = tf.sequential({ layers });
    const sample = { inputs: noise(12, 1), targets: noise(8, 2), size: 4 };
    const { step, parameters, gradients } = stepOf(model, 'mean-squared-error');
    const { loss } = step.gradient(sample);
    await tf.setBackend('cpu');
    const oracle = new Oracle(model, sample, 'squared');
    expect(loss).toBeCloseTo(oracle.total(parameters), 5);
    expect(relativeError(gradients, oracle.gradient(parameters))).toBeLessThan(1e-4);
  });

  it.each(['mlp', 'cnn'] as const)('of the %s agrees with the cpu backend', async (name) => {
    const model = createModel(name, { seed: 5, inputShape: [8, 8, 1] });
    const sample = sampleFor(model, 4);
    const { step, parameters, gradients } = stepOf(model);
    step.gradient(sample);
    await tf.setBackend('cpu');
    expect(relativeError(gradients, new Oracle(model, sample).gradient(parameters))).toBeLessThan(1e-4);
  });
});
