import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHosts } from '../../src/hosts.js';
import { slices } from '../../src/preprocess/slices.js';

const hosts = (text: string) => parseHosts(text, 'hosts.txt');
const shards = (...samples: number[]) => samples.map((n) => ({ samples: n, bytes: n }));

describe('slices', () => {
  it('cuts the samples evenly, in the order of the shards, also within one', () => {
    expect(slices(shards(10, 10, 10), { hosts: hosts('a slots=2') })).toEqual([
      [
        { shard: 0, start: 0, end: 10 },
        { shard: 1, start: 0, end: 5 },
      ],
      [
        { shard: 1, start: 5, end: 10 },
        { shard: 2, start: 0, end: 10 },
      ],
    ]);
    expect(slices(shards(3), { hosts: hosts('a\nb') })).toEqual([
      [{ shard: 0, start: 0, end: 1 }],
      [{ shard: 0, start: 1, end: 3 }],
    ]);
  });

  it('gives a worker nothing where there are fewer samples than workers', () => {
    expect(slices(shards(1), { hosts: hosts('a slots=2') })).toEqual([[], [{ shard: 0, start: 0, end: 1 }]]);
    expect(slices([], { hosts: hosts('a') })).toEqual([[]]);
  });

  it('gives each host what it holds, and the one with less to do what several hold', () => {
    const held: Record<string, number[]> = { a: [0, 1, 0, 1], b: [1, 0, 1, 1] };
    const locality = (host: { name: string }, shard: number): number => held[host.name]![shard]!;
    const cut = slices(shards(10, 10, 10, 10), { hosts: hosts('a\nb'), locality });
    expect(cut.map((pieces) => pieces.map(({ shard }) => shard))).toEqual([
      [1, 3],
      [0, 2],
    ]);
  });

  it('gives every sample to one worker, and each its equal share', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 12 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 6 }), fc.boolean(), (samples, slots, isLocal) => {
        const locality = isLocal
          ? (host: { name: string }, shard: number) => (shard + host.name.length) % 3
          : undefined;
        const cut = slices(shards(...samples), { hosts: hosts(`a slots=${slots}\nbb`), locality });
        const all = cut.flatMap((pieces) =>
          pieces.flatMap(({ shard, start, end }) =>
            Array.from({ length: end - start }, (_, i) => `${shard}:${start + i}`),
          ),
        );
        const total = samples.reduce((a, b) => a + b, 0);
        expect(cut).toHaveLength(slots + 1);
        expect(new Set(all).size).toBe(total);
        expect(all).toHaveLength(total);
        const counts = cut.map((pieces) => pieces.reduce((sum, { start, end }) => sum + end - start, 0));
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
