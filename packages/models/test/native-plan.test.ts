import { describe, expect, it } from 'vitest';
import { createModel, modelToJson } from '../src/index.js';
import { compilePlan } from '../src/native-plan.js';
import { tf } from '../src/tf.js';

const setup = {
  loss: 'categorical-crossentropy',
  normalization: { scale: 1 / 255, shift: 0 },
  seed: 1,
  threads: 1,
} as const;

describe('compilePlan', () => {
  it('makes one op of each layer of the mlp, its weights where the flat vector has them', () => {
    const plan = compilePlan(modelToJson(createModel('mlp', { seed: 1 })), setup);
    expect(plan.parameters).toBe(1_037_760);
    expect(plan).toMatchObject({ state: 0, loss: 'softmaxCrossEntropy', head: 'softmax' });
    const dense = plan.ops.filter(({ kind }) => kind === 'dense');
    expect(dense.map(({ kernel, bias }) => [kernel, bias])).toEqual([
      [0, 784_000],
      [785_000, 1_035_000],
      [1_035_250, 1_037_750],
    ]);
    // The softmax belongs to the head: the last layer gives logits.
    expect(dense.map(({ activation }) => activation ?? 'linear')).toEqual(['relu', 'relu', 'linear']);
  });

  it('keeps moving statistics apart from the parameters', () => {
    const layers = [
      tf.layers.dense({ units: 3, inputShape: [4] }),
      tf.layers.batchNormalization(),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ];
    const plan = compilePlan(modelToJson(tf.sequential({ layers })), setup);
    expect(plan.parameters).toBe(4 * 3 + 3 + 3 + 3 + 3 * 2 + 2);
    expect(plan.state).toBe(6);
  });

  it('names the layer that it does not know', () => {
    const layers = [
      tf.layers.embedding({ inputDim: 5, outputDim: 2, inputLength: 3, name: 'words' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ];
    expect(() => compilePlan(modelToJson(tf.sequential({ layers })), setup)).toThrow(
      expect.objectContaining({ code: 'unsupported', message: expect.stringContaining('words') }),
    );
  });
});
