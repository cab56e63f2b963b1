import { describe, expect, it } from 'vitest';
import { createModel, getParameters, MODELS, type ModelName, parameterCount } from '../src/index.js';

const NAMES = Object.keys(MODELS) as ModelName[];

describe('createModel', () => {
  it.each(NAMES)('%s has as many parameters as documented', (name) => {
    const model = createModel(name, { seed: 1 });
    expect(parameterCount(model)).toBe(MODELS[name].parameters);
    expect(model.inputs[0]?.shape).toEqual([null, 28, 28, 1]);
    expect(model.outputs[0]?.shape).toEqual([null, 10]);
  });

  it.each(NAMES)('%s: same seed, same weights; another seed, others', (name) => {
    const weights = (seed: number) =>
      Buffer.from(getParameters(createModel(name, { seed, inputShape: [8, 8, 1] })).buffer);
    expect(weights(0).equals(weights(0))).toBe(true);
    expect(weights(1).equals(weights(0))).toBe(false);
  });

  it('refuses what cannot be built', () => {
    expect(() => createModel('resnet' as ModelName, { seed: 1 })).toThrow(
      'model: one of mlp, cnn expected, got resnet',
    );
    expect(() => createModel('toString' as ModelName, { seed: 1 })).toThrow(/got toString/);
    expect(() => createModel('mlp', { seed: 1, inputShape: [784] })).toThrow(/got \[784\]/);
    expect(() => createModel('mlp', { seed: 1, classes: 1 })).toThrow(/at least 2 classes/);
    expect(() => createModel('mlp', { seed: 0.5 })).toThrow(/integer seed/);
    expect(() => createModel('cnn', { seed: 1, inputShape: [3, 3, 1] })).toThrow('images of 3×3×1 are too small');
  });
});
