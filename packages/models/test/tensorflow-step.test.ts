import { beforeAll, describe, expect, it, vi } from 'vitest';
import { createModel, getParameters, getState, type LossName, modelToJson } from '../src/index.js';
import { loadTensorflow, type TensorflowLibrary, type TensorflowLocation } from '../src/tensorflow-library.js';
import { TensorflowStep } from '../src/tensorflow-step.js';
import { tf } from '../src/tf.js';
import { TfjsStep, type TfjsStepOptions } from '../src/tfjs-step.js';
import { chain, conv, image, LAYER_MODELS, withFixedWeights } from './layer-models.js';
import { directionalDerivatives, noise, Oracle, relativeError, sampleFor } from './oracle.js';
import { describeTensorflow, tensorflow } from './tensorflow-here.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const l = tf.layers;

function residual(): tf.LayersModel {
  const input = tf.input({ shape: image });
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
    layer.apply(x) as tf.SymbolicTensor;
  const norm = (x: tf.SymbolicTensor) =>
    apply(l.activation({ activation: 'relu' }), apply(l.batchNormalization({ momentum: 0.9 }), x));
  let x = norm(apply(conv({ padding: 'same', activation: 'linear', useBias: false }), input));
  for (let i = 0; i < 2; i++) {
    const y = norm(apply(conv({ padding: 'same', activation: 'linear' }), x));
    x = apply(l.add(), [x, y]);
  }
  const pooled = apply(l.globalAveragePooling2d({}), x);
  return tf.model({ inputs: input, outputs: apply(l.dense({ units: 3, activation: 'softmax' }), pooled) });
}

const MORE_MODELS: Record<string, () => tf.LayersModel> = {
  'a small residual network': residual,
  'softmax within': () => chain([5], l.dense({ units: 6, activation: 'softmax' }), l.dense({ units: 4 }), l.softmax()),
  'ReLU, LeakyReLU and ELU': () =>
    chain(
      [5],
      l.dense({ units: 8 }),
      l.leakyReLU({ alpha: 0.2 }),
      l.dense({ units: 8 }),
      l.elu(),
      l.reLU(),
      l.reLU({ maxValue: 6 }),
    ),
  'dense of rows': () => chain([4, 3], l.dense({ units: 5, activation: 'tanh' }), l.dense({ units: 2 })),
  reshape: () =>
    chain(
      [12],
      l.dense({ units: 12, activation: 'tanh' }),
      l.reshape({ targetShape: [2, 2, 3] }),
      conv({ kernelSize: 1 }),
      l.flatten(),
    ),
  'batch normalization of rows': () =>
    chain([5], l.dense({ units: 6, activation: 'tanh' }), l.batchNormalization({ epsilon: 0.01 })),
  'frozen layers': () =>
    chain([5], l.dense({ units: 6, activation: 'tanh' }), l.dense({ units: 6, activation: 'tanh', trainable: false })),
  'l1 and l2 regularisers': () =>
    chain(image, conv({ kernelRegularizer: 'l1l2', biasRegularizer: tf.regularizers.l2({ l2: 0.3 }) })),
};

describeTensorflow('TensorflowStep', () => {
  let library: TensorflowLibrary;
  beforeAll(() => {
    library = loadTensorflow(tensorflow as TensorflowLocation, 1);
  });

  function optionsOf(model: tf.LayersModel, o: Partial<TfjsStepOptions> = {}): TfjsStepOptions {
    const parameters = getParameters(withFixedWeights(model));
    return {
      topology: modelToJson(model),
      loss: 'categorical-crossentropy' as LossName,
      normalization: { scale: 1 / 255, shift: -0.1 },
      seed: 1,
      parameters,
      gradients: new Float32Array(parameters.length),
      state: getState(model),
      ...o,
    };
  }

  const copied = (o: TfjsStepOptions): TfjsStepOptions => ({
    ...o,
    gradients: o.gradients.slice(),
    state: o.state.slice(),
  });

  async function onTensorflow<T>(o: TfjsStepOptions, use: (step: TensorflowStep) => T): Promise<T> {
    await tf.setBackend('tensorflow');
    const step = await TensorflowStep.create(o, library);
    try {
      return use(step);
    } finally {
      step.dispose();
    }
  }

  /** The same calls of tfjs on its cpu backend. */
  async function onCpu<T>(o: TfjsStepOptions, use: (step: TfjsStep) => T): Promise<T> {
    await tf.setBackend('cpu');
    const step = new TfjsStep(o);
    const result = use(step);
    step.dispose();
    return result;
  }

  describe('gradient, state, scores and outputs', () => {
    it.each(Object.entries({ ...LAYER_MODELS, ...MORE_MODELS }))('%s: as tfjs cpu has them', async (_, build) => {
      const model = build();
      const o = optionsOf(model);
      const cpu = copied(o);
      const sample = sampleFor(model, 5);
      // A smaller last batch, uint8 inputs and class indexes as well.
      const features = sample.inputs.length / 5;
      const bytes = Uint8Array.from({ length: 3 * features }, (_v, i) => (i * 37) % 256);
      const last = { inputs: bytes, targets: Uint16Array.of(2, 0, 1), weights: Float32Array.of(1, 0.5, 2), size: 3 };
      type Step = TensorflowStep | TfjsStep;
      const all = (given: TfjsStepOptions) => (step: Step) => {
        const first = step.gradient(sample);
        const gradient = given.gradients.slice();
        const second = step.gradient(last);
        const evaluated = step.evaluate(last);
        const out = new Float32Array(9);
        step.predict(last, out);
        return {
          gradient,
          counts: [first.correct, second.correct],
          losses: [first.loss, second.loss, evaluated.loss],
          out,
        };
      };
      const got = await onTensorflow(o, all(o));
      const expected = await onCpu(cpu, all(cpu));
      expect(relativeError(got.losses, expected.losses)).toBeLessThan(1e-5);
      expect(relativeError(got.gradient, expected.gradient)).toBeLessThan(1e-4);
      expect(relativeError(o.gradients, cpu.gradients)).toBeLessThan(1e-4);
      expect(relativeError(got.out, expected.out)).toBeLessThan(1e-4);
      expect(got.counts).toEqual(expected.counts);
      if (o.state.length > 0) expect(relativeError(o.state, cpu.state)).toBeLessThan(1e-5);
      const oracle = new Oracle(model, sample);
      expect(relativeError(got.gradient, oracle.gradient(o.parameters))).toBeLessThan(1e-4);
    });

    // tfjs divides the gradient of a padded average by the whole window, and has none for dilated convolutions.
    it.each<[string, () => tf.LayersModel]>([
      [
        'average pooling, overlapping, same',
        () => chain(image, conv({}), l.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
      ],
      ['a dilated convolution', () => chain(image, conv({ padding: 'same' }), conv({ dilationRate: 2 }))],
    ])('%s: as finite differences have it', async (_, build) => {
      const model = build();
      const o = optionsOf(model);
      const sample = sampleFor(model, 5);
      await onTensorflow(o, (step) => step.gradient(sample));
      await tf.setBackend('cpu');
      const { exact, numeric } = directionalDerivatives(new Oracle(model, sample), { ...o, epsilon: 3e-3 });
      expect(relativeError(exact, numeric)).toBeLessThan(1e-2);
    });

    it.each(['mlp', 'cnn'] as const)('the %s follows tfjs cpu over ten steps', async (name) => {
      const model = createModel(name, { seed: 5, inputShape: [8, 8, 1] });
      const o = optionsOf(model);
      const cpu = { ...copied(o), parameters: o.parameters.slice() };
      const sample = sampleFor(model, 8);
      const train = (given: TfjsStepOptions) => (step: TensorflowStep | TfjsStep) =>
        Array.from({ length: 10 }, () => {
          const { loss } = step.gradient(sample);
          for (let i = 0; i < given.parameters.length; i++) given.parameters[i]! -= 0.1 * given.gradients[i]!;
          return loss;
        });
      expect(relativeError(await onTensorflow(o, train(o)), await onCpu(cpu, train(cpu)))).toBeLessThan(1e-4);
      expect(relativeError(o.parameters, cpu.parameters)).toBeLessThan(1e-4);
    });
  });

  describe('losses and heads', () => {
    const linear = (units: number, activation: 'linear' | 'sigmoid' | 'softmax') =>
      tf.sequential({
        layers: [l.dense({ units: 4, activation: 'tanh', inputShape: [3] }), l.dense({ units, activation })],
      });
    const cases: [string, tf.LayersModel, LossName][] = [
      ['mean squared error, linear', linear(2, 'linear'), 'mean-squared-error'],
      ['mean squared error, one output', linear(1, 'linear'), 'mean-squared-error'],
      ['mean squared error, softmax', linear(3, 'softmax'), 'mean-squared-error'],
      ['mean squared error, sigmoid', linear(3, 'sigmoid'), 'mean-squared-error'],
      ['binary cross-entropy, one output', linear(1, 'sigmoid'), 'binary-crossentropy'],
      ['binary cross-entropy, three outputs', linear(3, 'sigmoid'), 'binary-crossentropy'],
      ['cross-entropy of rows that do not sum to 1', linear(3, 'softmax'), 'categorical-crossentropy'],
    ];
    it.each(cases)('%s', async (_, model, loss) => {
      const o = optionsOf(model, { loss });
      const cpu = copied(o);
      const outputs = model.outputs[0]!.shape[1] as number;
      const targets = noise(4 * outputs, 2).map(Math.abs);
      const batch = { inputs: noise(12, 1), targets, weights: Float32Array.of(1, 2, 0, 0.5), size: 4 };
      const both = (step: TensorflowStep | TfjsStep) => [step.gradient(batch), step.evaluate(batch)];
      const [got, expected] = [await onTensorflow(o, both), await onCpu(cpu, both)];
      got.forEach((scores, i) => {
        expect(scores.loss).toBeCloseTo(expected[i]!.loss, 5);
        expect(scores).toMatchObject({ correct: expected[i]!.correct, size: 4 });
      });
      expect(relativeError(o.gradients, cpu.gradients)).toBeLessThan(1e-4);
    });
  });

  it('counts the first of equal outputs', async () => {
    const model = tf.sequential({ layers: [l.dense({ units: 3, activation: 'softmax', inputShape: [2] })] });
    const o = optionsOf(model);
    o.parameters.fill(0);
    const batch = { inputs: new Float32Array(4), targets: Uint16Array.of(0, 1), size: 2 };
    expect(await onTensorflow(o, (step) => step.evaluate(batch))).toMatchObject({ correct: 1 });
  });

  it('draws dropout by seed and step, keeping the mean, with a gradient of the same mask', async () => {
    const model = tf.sequential({ layers: [l.dropout({ rate: 0.25, inputShape: [4000] }), l.dense({ units: 1 })] });
    const batch = { inputs: new Float32Array(4000).fill(1), targets: Float32Array.of(0), size: 1 };
    const masks = (seed: number) => {
      const o = optionsOf(model, { seed, loss: 'mean-squared-error' });
      o.parameters.fill(1, 0, 4000);
      o.parameters[4000] = 0;
      return onTensorflow(o, (step) =>
        [1, 2].map(() => {
          const { loss } = step.gradient(batch);
          // dW = 2 y x̃, y = Σ x̃ = √loss: the masked input itself.
          return o.gradients.slice(0, 4000).map((g) => g / (2 * Math.sqrt(loss)));
        }),
      );
    };
    const [first, second] = await masks(1);
    expect(new Set([...first!].map((v) => v.toFixed(3)))).toEqual(new Set(['0.000', '1.333']));
    const mean = first!.reduce((a, b) => a + b) / 4000;
    expect(mean).toBeGreaterThan(0.95);
    expect(mean).toBeLessThan(1.05);
    expect(second).not.toEqual(first);
    expect(await masks(1)).toEqual([first, second]);
    expect((await masks(2))[0]).not.toEqual(first);
  });

  it('leaves gradients and state as they were where the loss is not finite', async () => {
    const model = LAYER_MODELS['batch normalization']!();
    const o = optionsOf(model);
    const sample = sampleFor(model, 2);
    await onTensorflow(o, (step) => {
      step.gradient(sample);
      const kept = copied(o);
      o.parameters.fill(Number.NaN);
      expect(() => step.gradient(sample)).toThrow(/^step 2: a finite loss expected, got NaN/);
      expect([o.gradients, o.state]).toEqual([kept.gradients, kept.state]);
    });
  });

  it('same parameters, same bits', async () => {
    const model = createModel('cnn', { seed: 1, inputShape: [12, 12, 1] });
    const o = optionsOf(model);
    const sample = sampleFor(model, 16);
    const once = () => onTensorflow(o, (step) => [step.gradient(sample).loss, o.gradients.slice()]);
    expect(await once()).toEqual(await once());
  });

  it('holds as many tensors after 300 steps as after one, and little more memory', async () => {
    const model = createModel('mlp', { seed: 1, inputShape: [8, 8, 1] });
    const o = optionsOf(model);
    const sample = sampleFor(model, 16);
    const out = new Float32Array(160);
    await onTensorflow(o, (step) => {
      const all = () => {
        step.gradient(sample);
        step.evaluate(sample);
        step.predict(sample, out);
      };
      for (let i = 0; i < 50; i++) all();
      const tensors = tf.memory().numTensors;
      const held = (tf.backend() as unknown as { getNumOfTFTensors(): number }).getNumOfTFTensors();
      const rss = process.memoryUsage().rss;
      for (let i = 0; i < 300; i++) all();
      expect(tf.memory().numTensors).toBe(tensors);
      expect((tf.backend() as unknown as { getNumOfTFTensors(): number }).getNumOfTFTensors()).toBe(held);
      // Each step moves 1.3 MB each way; 300 of them kept would be 800 MB.
      expect(process.memoryUsage().rss - rss).toBeLessThan(200e6);
    });
  });

  it('names the layer that is not written as a graph', async () => {
    const model = tf.sequential({
      layers: [l.simpleRNN({ units: 2, inputShape: [3, 2], name: 'rnn' }), l.dense({ units: 2 })],
    });
    await expect(TensorflowStep.create(optionsOf(model), library)).rejects.toMatchObject({
      code: 'unsupported',
      message: 'layer rnn (SimpleRNN): not written as a graph',
    });
  });
});
