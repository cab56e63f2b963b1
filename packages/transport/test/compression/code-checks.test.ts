import { describe, expect, it } from 'vitest';
import { expectCode, expectSpace, expectState, spaceFor } from '../../src/compression/code-checks.js';
import { codeOf } from './vectors.js';

describe('checks', () => {
  it('lengths', () => {
    expectSpace('int8', 3, 7, 7);
    expectCode('int8', 3, 7, 7);
    expect(() => expectSpace('int8', 3, 7, 6)).toThrow('int8: 7 bytes expected for 3 elements, got 6');
    expect(() => expectCode('int8', 3, 7, 8)).toThrow('int8: 7 bytes expected for 3 elements, 8 came');
  });

  it('space: the first bytes', () => {
    const out = new Uint8Array(12);
    expect(spaceFor('int8', 3, 7, out)).toHaveLength(7);
    expect(codeOf(() => spaceFor('int8', 9, 13, out))).toBe('configuration');
    expect(codeOf(() => spaceFor('int8', 3, 7, out.subarray(1)))).toBe('misaligned');
  });

  it('states', () => {
    const state = { residual: new Float32Array(3), velocity: new Float32Array(0) };
    expectState('top-k', state, { residual: 3, velocity: 0 });
    expect(() => expectState('top-k', state, { residual: 3, velocity: 3 })).toThrow(
      'top-k: 3 elements of velocity expected in its state, got 0',
    );
  });
});
