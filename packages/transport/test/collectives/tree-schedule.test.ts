import { describe, expect, it } from 'vitest';
import { peersOf } from '../../src/collectives/program.js';
import {
  binomialBroadcast,
  binomialGather,
  chainBroadcast,
  disseminationBarrier,
  recursiveDoubling,
} from '../../src/collectives/tree-schedule.js';
import { shardRanges } from '../../src/shard-ranges.js';
import { lengthsFor, reduced, SIZES, sameBits, vectorOf } from './ring.js';
import { simulate } from './simulation.js';

const ranksOf = (size: number) => Array.from({ length: size }, (_, rank) => rank);

describe.each(SIZES)('of %i ranks', (size) => {
  it.each(lengthsFor(size))('recursive doubling reduces n = %i exactly', (n) => {
    for (const op of ['sum', 'mean', 'max'] as const) {
      const vectors = ranksOf(size).map((rank) => vectorOf(rank, n));
      const factor = op === 'mean' ? 1 / size : 1;
      const programs = ranksOf(size).map((rank) => recursiveDoubling({ rank, size }, n));
      simulate(programs, vectors, { op: op === 'max' ? 'max' : 'sum', factor, seed: n + size });
      for (const vector of vectors) expect(sameBits(vector, reduced(op, size, n))).toBe(true);
    }
  });

  it('recursive doubling gives all the same bits where the wire rounds', () => {
    for (const wire of ['fp16', 'bf16', 'int8'] as const) {
      const vectors = ranksOf(size).map((rank) =>
        Float32Array.from({ length: 777 }, (_, i) => Math.sin(i * (rank + 2))),
      );
      simulate(
        ranksOf(size).map((rank) => recursiveDoubling({ rank, size }, 777)),
        vectors,
        { wire },
      );
      for (const vector of vectors) expect(sameBits(vector, vectors[0]!)).toBe(true);
    }
  });

  it.each([
    ['a binomial tree', binomialBroadcast],
    ['a chain', chainBroadcast],
  ])('broadcast along %s brings the root’s vector to all, from any root', (_, schedule) => {
    for (const n of [0, 1, 1000, 300_001]) {
      for (const root of n > 1000 ? [size - 1] : ranksOf(size)) {
        const vectors = ranksOf(size).map((rank) => vectorOf(rank, n));
        simulate(
          ranksOf(size).map((rank) => schedule({ rank, size }, n, root)),
          vectors,
          { seed: root },
        );
        for (const vector of vectors) expect(sameBits(vector, vectorOf(root, n))).toBe(true);
      }
    }
  });

  it.each(lengthsFor(size))('gather brings every shard of n = %i to any root', (n) => {
    for (const root of ranksOf(size)) {
      const shards = shardRanges(n, size);
      const whole = vectorOf(0, n);
      const vectors = ranksOf(size).map((rank) => {
        const { start, end } = shards[rank]!;
        return new Float32Array(n).map((_, i) => (i >= start && i < end ? whole[i]! : -1));
      });
      simulate(
        ranksOf(size).map((rank) => binomialGather({ rank, size }, n, root)),
        vectors,
        { seed: root },
      );
      expect(sameBits(vectors[root]!, whole)).toBe(true);
    }
  });

  it('nobody leaves a barrier before all have come', () => {
    const programs = ranksOf(size).map((rank) => disseminationBarrier({ rank, size }));
    simulate(
      programs,
      ranksOf(size).map(() => new Float32Array(0)),
    );
    for (const late of ranksOf(size)) {
      if (size === 1) continue;
      const absent = programs.map((program, rank) => (rank === late ? { sends: [], receives: [] } : program));
      expect(() =>
        simulate(
          absent,
          ranksOf(size).map(() => new Float32Array(0)),
        ),
      ).toThrow('a deadlock');
    }
  });

  it('takes at most ⌈log₂ P⌉ steps, two more where P is no power of two', () => {
    const steps = Math.ceil(Math.log2(size)) + (Number.isInteger(Math.log2(size)) ? 0 : 1);
    for (const rank of ranksOf(size)) {
      expect(recursiveDoubling({ rank, size }, 10).receives.length).toBeLessThanOrEqual(steps);
      expect(disseminationBarrier({ rank, size }).receives.length).toBe(Math.ceil(Math.log2(size)));
    }
  });

  it('exchanges with the peers of its place only', () => {
    for (const rank of ranksOf(size)) {
      const place = { rank, size };
      const programs = [
        recursiveDoubling(place, 10),
        disseminationBarrier(place),
        ...ranksOf(size).flatMap((root) => [
          binomialBroadcast(place, 10, root),
          chainBroadcast(place, 10, root),
          binomialGather(place, 10, root),
        ]),
      ];
      const met = new Set(programs.flatMap(({ sends, receives }) => [...sends, ...receives].map(({ peer }) => peer)));
      expect(peersOf(place)).toEqual(expect.arrayContaining([...met]));
    }
  });
});
