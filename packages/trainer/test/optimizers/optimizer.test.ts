import { describe, expect, it } from 'vitest';
import { slot, slots } from '../../src/optimizers/optimizer.js';

describe('slots', () => {
  it('are vectors of their own, filled with one value', () => {
    const state = slots(2, 2, 0.5);
    expect(state).toEqual({ step: 0, slots: [Float32Array.of(0.5, 0.5), Float32Array.of(0.5, 0.5)] });
    expect(state.slots[0]).not.toBe(state.slots[1]);
    expect(slots(3, 0).slots).toEqual([]);
    expect([...slots(2, 1).slots[0]!]).toEqual([0, 0]);
  });

  it('are found by number, or refused', () => {
    const state = slots(1, 1);
    expect(slot(state, 0)).toBe(state.slots[0]);
    expect(() => slot(state, 1)).toThrow(new RangeError('optimizer state: vector 1 expected, it has 1'));
  });
});
