import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyedStream, type Uint32Stream, uniformBelow, xoshiro128 } from '../../src/batches/xoshiro.js';

const take = (count: number, next: Uint32Stream) => Array.from({ length: count }, next);

describe('xoshiro128', () => {
  it('gives the published sequence for the state 1, 2, 3, 4', () => {
    expect(take(10, xoshiro128(Uint32Array.of(1, 2, 3, 4)))).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it('refuses the state that never leaves zero', () => {
    expect(() => xoshiro128(new Uint32Array(4))).toThrow('not all zero');
    expect(() => xoshiro128(new Uint32Array(3).fill(1))).toThrow('four words');
  });
});

describe('keyedStream', () => {
  // From a transcription of the formulas in Python, with unbounded integers.
  it.each([
    [[0], [734769584, 1437912026, 2329681067, 2956201064]],
    [
      [1, 2],
      [1393149880, 2825971459, 2481854595, 3551734912],
    ],
    [
      [2 ** 53 - 1, 7],
      [3287899517, 1119422888, 87914024, 3253208497],
    ],
  ])('of %j begins with %j', (keys, expected) => {
    expect(take(4, keyedStream(keys))).toEqual(expected);
  });

  it('differs for keys in another order and for keys that share their low 32 bits', () => {
    const firsts = [[1, 2], [2, 1], [1], [1, 0], [0, 1], [2 ** 32 + 1, 2]].map((keys) => keyedStream(keys)());
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('refuses the key %s', (key) => {
    expect(() => keyedStream([key])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('uniformBelow', () => {
  it('throws away draws above the largest multiple of the bound', () => {
    const draws = [2 ** 32 - 1, 2 ** 32 - 1, 11];
    expect(uniformBelow(3, () => draws.shift()!)).toBe(2); // 2^32 − 1 is 3 · 1431655765: only 2^32 − 1 is above
    expect(draws).toEqual([]);
    expect(uniformBelow(2 ** 31, () => 2 ** 32 - 1)).toBe(2 ** 31 - 1);
    expect(uniformBelow(2 ** 32, () => 2 ** 32 - 1)).toBe(2 ** 32 - 1);
  });

  it('stays below any bound', () => {
    const next = keyedStream([7]);
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 32 - 1 }), (bound) => uniformBelow(bound, next) < bound));
    expect(uniformBelow(1, next)).toBe(0);
  });
});
