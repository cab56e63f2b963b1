import { describe, expect, it } from 'vitest';
import type { Matrix } from '../../src/matrix.js';
import { ChunkCache } from '../../src/pipeline/chunk-cache.js';

/** Five chunks of 4 bytes from one buffer that is used again for each, counted. */
function source() {
  const counts = { reads: 0, made: 0 };
  function* chunks(): Generator<Matrix> {
    const values = new Uint8Array(4);
    for (let i = 0; i < 5; i++) {
      counts.reads++;
      yield { values: values.fill(i), rows: 2, features: 2 };
    }
  }
  return { counts, chunks };
}

const plusOne = (chunk: Matrix): Promise<Matrix> =>
  Promise.resolve({ ...chunk, values: (chunk.values as Uint8Array).map((value) => value + 1) });

async function passes(cache: ChunkCache, count: number): Promise<number[][]> {
  const seen: number[][] = [];
  for (let pass = 0; pass < count; pass++) {
    const firsts: number[] = [];
    for await (const { values, rows, features } of cache.chunks()) {
      expect(rows * features).toBe(4);
      expect([...values.subarray(0, 4)]).toEqual(Array(4).fill(values[0]));
      firsts.push(values[0]!);
    }
    seen.push(firsts);
  }
  return seen;
}

describe('ChunkCache', () => {
  it.each([
    [0, 15, 15],
    [7, 15, 13],
    [11, 15, 11],
    [20, 5, 5],
    [100, 5, 5],
  ])(
    'with room for %d bytes reads %d chunks and makes %d in three passes, all the same',
    async (bytes, reads, made) => {
      const { counts, chunks } = source();
      const count = (chunk: Matrix): Promise<Matrix> => {
        counts.made++;
        return plusOne(chunk);
      };
      expect(await passes(new ChunkCache(chunks, count, bytes), 3)).toEqual(Array(3).fill([1, 2, 3, 4, 5]));
      expect(counts).toEqual({ reads, made });
    },
  );

  it('keeps chunks of its own where nothing is made of them, and no more of a buffer than they show', async () => {
    const { chunks } = source();
    const same = new ChunkCache(chunks, (chunk) => Promise.resolve(chunk), 100);
    expect(await passes(same, 2)).toEqual(Array(2).fill([0, 1, 2, 3, 4]));
    const wide = new ChunkCache(
      () => [{ values: Uint8Array.of(9), rows: 1, features: 1 }],
      () => Promise.resolve({ values: new Uint8Array(1000), rows: 2, features: 2 }),
      4,
    );
    expect(await passes(wide, 2)).toEqual([[0], [0]]);
    for await (const { values } of wide.chunks()) expect(values.buffer.byteLength).toBe(4);
  });

  it('goes on after a pass that was left', async () => {
    const { counts, chunks } = source();
    const cache = new ChunkCache(chunks, plusOne, 100);
    for await (const { values } of cache.chunks()) if (values[0] === 2) break;
    expect(await passes(cache, 2)).toEqual(Array(2).fill([1, 2, 3, 4, 5]));
    expect(counts.reads).toBe(7);
  });
});
