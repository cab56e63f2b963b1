import { describe, expect, it } from 'vitest';
import { adagrad, adam, adamw, rmsprop } from '../../src/optimizers/adaptive.js';
import { kerasOf, largestDifference, stepsOf } from './keras.js';

describe.each([adagrad, rmsprop, adam, adamw])('$name', (optimizer) => {
  it("takes Keras's 20 steps", () => {
    const keras = kerasOf(optimizer.name);
    expect(optimizer.learningRate).toBe(keras.learningRate);
    expect(keras.parameters).toHaveLength(20);
    expect(largestDifference(stepsOf(optimizer), keras.parameters)).toBeLessThan(1e-6);
  });

  it('moves the parameters at all: the difference above is none by chance', () => {
    const [first] = kerasOf(optimizer.name).parameters;
    expect(largestDifference([first!], [kerasOf(optimizer.name).parameters.at(-1)!])).toBeGreaterThan(1e-3);
  });
});

describe('adamw', () => {
  it('decays where there is no gradient, as adam does not', () => {
    const [a, b] = [Float32Array.of(1), Float32Array.of(1)];
    const zero = Float32Array.of(0);
    adam.step(adam.init(1), a, zero, 0.5);
    adamw.step(adamw.init(1), b, zero, 0.5);
    expect([...a]).toEqual([1]);
    // 1 − 0.5 · 0.004
    expect([...b]).toEqual([Math.fround(0.998)]);
  });
});
