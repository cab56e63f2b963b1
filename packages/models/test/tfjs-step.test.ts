import { beforeEach, describe, expect, it } from 'vitest';
import { createModel, getParameters, getState, type LossName, modelToJson } from '../src/index.js';
import { tf } from '../src/tf.js';
import { useFastestBackend } from '../src/tfjs-backend.js';
import { TfjsStep } from '../src/tfjs-step.js';
import { LAYER_MODELS, withFixedWeights } from './layer-models.js';
import { directionalDerivatives, noise, Oracle, relativeError, sampleFor } from './oracle.js';

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

describe('gradient', () => {
  it.each(Object.entries(LAYER_MODELS))(
    '%s: as cpu has it to 1e-4, as finite differences to 1e-2',
    async (name, build) => {
      const model = withFixedWeights(build());
      const { step, parameters, gradients } = stepOf(model);
      const sample = sampleFor(model, 5);
      step.gradient(sample);
      await tf.setBackend('cpu');
      const oracle = new Oracle(model, sample);
      expect(relativeError(gradients, oracle.gradient(parameters))).toBeLessThan(1e-4);

      // ε is small where a maximum may change on the way.
      const epsilon = name.startsWith('max') || name === 'relu' ? 3e-4 : 3e-3;
      const { exact, numeric } = directionalDerivatives(oracle, { parameters, gradients, epsilon });
      expect(relativeError(exact, numeric)).toBeLessThan(1e-2);
    },
  );

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
