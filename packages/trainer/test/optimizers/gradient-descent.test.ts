import { describe, expect, it } from 'vitest';
import { momentum, nesterov, sgd } from '../../src/optimizers/gradient-descent.js';
import { kerasOf, largestDifference, stepsOf } from './keras.js';

describe.each([sgd, momentum, nesterov])('$name', (optimizer) => {
  it("takes Keras's 20 steps", () => {
    const keras = kerasOf(optimizer.name);
    expect(optimizer.learningRate).toBe(keras.learningRate);
    expect(keras.parameters).toHaveLength(20);
    expect(largestDifference(stepsOf(optimizer), keras.parameters)).toBeLessThan(1e-6);
  });
});

describe('two steps by hand', () => {
  const two = (optimizer: typeof sgd) => {
    const x = Float32Array.of(1);
    const state = optimizer.init(1);
    optimizer.step(state, x, Float32Array.of(2), 0.5);
    const first = x[0];
    optimizer.step(state, x, Float32Array.of(1), 0.5);
    return [first, x[0]];
  };

  it('sgd: 1 − 1, 0 − 0.5', () => {
    expect(two(sgd)).toEqual([0, -0.5]);
  });

  it('momentum: v = −1, then −0.9 − 0.5', () => {
    expect(two(momentum)).toEqual([0, Math.fround(-1.4)]);
  });

  it('nesterov: v = −1, x = 1 − 0.9 − 1; v = −1.4, x = −0.9 − 1.26 − 0.5', () => {
    const [first, second] = two(nesterov);
    expect(first).toBeCloseTo(-0.9, 6);
    expect(second).toBeCloseTo(-2.66, 6);
  });
});
