import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochGroups, groupAt, type ShardSize } from '../../src/batches/shard-groups.js';

const same = (count: number, samples = 10): ShardSize[] =>
  Array.from({ length: count }, () => ({ samples, bytes: 100 }));
const shard = fc.record({ samples: fc.integer({ min: 1, max: 50 }), bytes: fc.integer({ min: 1, max: 500 }) });

describe('epochGroups', () => {
  it('is one group, in the shards’ own order, where all fit', () => {
    expect(epochGroups(same(6), { seed: 1, epoch: 3, shuffleBytes: 600 })).toEqual([
      { index: 0, start: 0, end: 60, shards: [0, 1, 2, 3, 4, 5] },
    ]);
    expect(epochGroups([], { seed: 1, epoch: 0, shuffleBytes: 1 })).toEqual([]);
  });

  it('has every shard once, fills the buffer, and is pure', () => {
    const given = fc.tuple(fc.array(shard, { maxLength: 40 }), fc.integer({ min: 1, max: 1000 }), fc.nat(), fc.nat(9));
    fc.assert(
      fc.property(given, ([shards, shuffleBytes, seed, epoch]) => {
        const groups = epochGroups(shards, { seed, epoch, shuffleBytes });
        expect(epochGroups(shards, { seed, epoch, shuffleBytes })).toEqual(groups);
        expect(groups.flatMap((g) => g.shards).sort((a, b) => a - b)).toEqual([...shards.keys()]);
        let position = 0;
        for (const [i, { index, start, end, shards: members }] of groups.entries()) {
          const sum = (of: keyof ShardSize) => members.reduce((total, m) => total + shards[m]![of], 0);
          expect([index, start, end]).toEqual([i, position, position + sum('samples')]);
          expect(members).toEqual([...members].sort((a, b) => a - b));
          if (members.length > 1) expect(sum('bytes')).toBeLessThanOrEqual(shuffleBytes);
          position = end;
        }
      }),
    );
  });

  it('puts a shard that is larger than the buffer into a group by itself', () => {
    const shards = [...same(3), { samples: 99, bytes: 1000 }];
    const groups = epochGroups(shards, { seed: 1, epoch: 0, shuffleBytes: 250 });
    expect(groups.filter((g) => g.shards.includes(3))).toMatchObject([{ shards: [3] }]);
    expect(Math.max(...groups.map((g) => g.shards.length))).toBeLessThanOrEqual(2);
  });

  it('brings each shard to each place equally often, in ever other company', () => {
    const runs = 4_000;
    const shards = same(6);
    const places = new Map<string, number>();
    const pairs = new Map<string, number>();
    for (let epoch = 0; epoch < runs; epoch++) {
      for (const { index, shards: members } of epochGroups(shards, { seed: 9, epoch, shuffleBytes: 200 })) {
        for (const member of members)
          places.set(`${member} in ${index}`, (places.get(`${member} in ${index}`) ?? 0) + 1);
        pairs.set(members.join(), (pairs.get(members.join()) ?? 0) + 1);
      }
    }
    const chiSquare = (seen: Map<string, number>, expected: number): number =>
      [...seen.values()].reduce((sum, observed) => sum + (observed - expected) ** 2 / expected, 0);
    // 6 shards × 3 groups: (6−1)(3−1) degrees of freedom; 15 pairs: 14 at most. p = 0.001, and the seed is fixed.
    expect([places.size, pairs.size]).toEqual([18, 15]);
    expect(chiSquare(places, runs / 3)).toBeLessThan(29.6);
    expect(chiSquare(pairs, runs / 5)).toBeLessThan(36.1);
  });

  it('refuses a buffer of nothing', () => {
    expect(() => epochGroups(same(1), { seed: 1, epoch: 0, shuffleBytes: 0 })).toThrow(/shuffleBytes: expected/);
  });
});

describe('groupAt', () => {
  it('finds the group of each position', () => {
    const groups = epochGroups(same(7, 3), { seed: 2, epoch: 1, shuffleBytes: 200 });
    for (let position = 0; position < 21; position++) {
      const { start, end } = groupAt(groups, position)!;
      expect(start <= position && position < end).toBe(true);
    }
    expect([groupAt(groups, 21), groupAt(groups, -1), groupAt([], 0)]).toEqual([undefined, undefined, undefined]);
  });
});
