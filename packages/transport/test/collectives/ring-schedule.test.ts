import { describe, expect, it } from 'vitest';
import { RING_PIECE_BYTES, RING_ROUND_BYTES, ringSchedule } from '../../src/collectives/ring-schedule.js';
import { shardRanges } from '../../src/shard-ranges.js';
import { lengthsFor, reduced, SIZES, sameBits, vectorOf } from './ring.js';
import { simulate } from './simulation.js';

const ranksOf = (size: number) => Array.from({ length: size }, (_, rank) => rank);

describe.each(SIZES)('the ring of %i', (size) => {
  it.each(lengthsFor(size))('reduces n = %i exactly, whatever comes first', (n) => {
    for (const op of ['sum', 'mean', 'max'] as const) {
      const vectors = ranksOf(size).map((rank) => vectorOf(rank, n));
      const programs = ranksOf(size).map((rank) => ringSchedule({ rank, size }, n, ['reduce-scatter', 'all-gather']));
      const factor = op === 'mean' ? 1 / size : 1;
      simulate(programs, vectors, { op: op === 'max' ? 'max' : 'sum', factor, seed: n + size });
      for (const vector of vectors) expect(sameBits(vector, reduced(op, size, n))).toBe(true);
    }
  });

  it('leaves each rank its own range after reduce-scatter, and gathers from there', () => {
    const n = 1000;
    const vectors = ranksOf(size).map((rank) => vectorOf(rank, n));
    simulate(
      ranksOf(size).map((rank) => ringSchedule({ rank, size }, n, ['reduce-scatter'])),
      vectors,
    );
    const whole = reduced('sum', size, n);
    for (const [rank, { start, end }] of shardRanges(n, size).entries()) {
      expect(sameBits(vectors[rank]!.slice(start, end), whole.slice(start, end))).toBe(true);
      vectors[rank]!.fill(Number.NaN, 0, start).fill(Number.NaN, end);
    }
    simulate(
      ranksOf(size).map((rank) => ringSchedule({ rank, size }, n, ['all-gather'])),
      vectors,
    );
    for (const vector of vectors) expect(sameBits(vector, whole)).toBe(true);
  });
});

it('sends 2 (P − 1)/P of the vector, in pieces of a bounded length', () => {
  const size = 4;
  const n = (3 * RING_ROUND_BYTES) / 4;
  const { sends } = ringSchedule({ rank: 1, size }, n, ['reduce-scatter', 'all-gather']);
  expect(sends.reduce((sum, { start, end }) => sum + end - start, 0)).toBe((2 * n * (size - 1)) / size);
  expect(Math.max(...sends.map(({ start, end }) => end - start))).toBe(RING_PIECE_BYTES / 4);
});

it('gives all ranks the same bits where elements are rounded on the wire', () => {
  const size = 5;
  const n = 5003;
  for (const wire of ['fp16', 'bf16', 'int8'] as const) {
    const vectors = ranksOf(size).map((rank) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * (rank + 2))));
    const exact = vectors[0]!.map((_, i) => vectors.reduce((sum, v) => sum + v[i]!, 0));
    simulate(
      ranksOf(size).map((rank) => ringSchedule({ rank, size }, n, ['reduce-scatter', 'all-gather'])),
      vectors,
      {
        wire,
      },
    );
    for (const vector of vectors) expect(sameBits(vector, vectors[0]!)).toBe(true);
    const worst = exact.reduce((most, x, i) => Math.max(most, Math.abs(x - vectors[0]![i]!)), 0);
    // One rounding a hop, of sums up to 5: half a unit of the last place (2⁻¹¹, 2⁻⁸), or of a 127th of the block's largest.
    expect(worst).toBeLessThan(size * 5 * { fp16: 2 ** -11, bf16: 2 ** -8, int8: 1 / 254 }[wire]);
  }
});
