import { describe, expect, it } from 'vitest';
import { shuffled, splitOptions, stratifiedSplit } from '../../src/sources/split.js';

describe('stratifiedSplit', () => {
  const labels = Array.from({ length: 130 }, (_, i) => (i < 100 ? 0 : i < 129 ? 1 : 2));
  const split = stratifiedSplit(labels, { testShare: 0.1, seed: 1 });

  it('takes its share of each class, and every row once', () => {
    const count = (rows: Uint32Array, label: number) => rows.filter((row) => labels[row] === label).length;
    expect([0, 1, 2].map((label) => count(split.test, label))).toEqual([10, 3, 0]);
    expect([...split.train, ...split.test].toSorted((a, b) => a - b)).toEqual(labels.map((_, row) => row));
  });

  it('is shuffled, the same for the same seed, and another for another', () => {
    expect([...split.train.subarray(0, 90)].every((row) => labels[row] === 0)).toBe(false);
    expect(stratifiedSplit(labels, { testShare: 0.1, seed: 1 })).toEqual(split);
    expect(stratifiedSplit(labels, { testShare: 0.1, seed: 2 })).not.toEqual(split);
  });

  it('leaves a class its last row, and has no test rows for a share of 0', () => {
    expect(stratifiedSplit([5, 5], { testShare: 0.99, seed: 1 }).test).toHaveLength(1);
    expect(stratifiedSplit(labels, { testShare: 0, seed: 1 }).test).toHaveLength(0);
    expect(stratifiedSplit([], { testShare: 0.5, seed: 1 }).train).toHaveLength(0);
  });
});

describe('shuffled', () => {
  it('has every item once, in an order of the seed', () => {
    const items = Array.from({ length: 50 }, (_, i) => `${i}`);
    expect(shuffled(items, 3)).not.toEqual(items);
    expect(shuffled(items, 3)).toEqual(shuffled(items, 3));
    expect(new Set(shuffled(items, 3))).toEqual(new Set(items));
  });
});

describe('splitOptions', () => {
  it('has defaults, and refuses what cannot be', () => {
    expect(splitOptions({})).toEqual({ testShare: 0.1, seed: 1 });
    for (const testShare of [-0.1, 1, Number.NaN])
      expect(() => splitOptions({ testShare })).toThrow(/testShare: expected/);
    for (const seed of [-1, 0.5]) expect(() => splitOptions({ seed })).toThrow(/seed: expected/);
  });
});
