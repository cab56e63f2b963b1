import { describe, expect, it } from 'vitest';
import { shardRanges } from '../src/shard-ranges.js';

describe('shardRanges', () => {
  for (const shards of [1, 2, 3, 4, 5, 6, 7, 8]) {
    for (const n of [0, 1, shards - 1, shards, shards + 1, 1000]) {
      it(`covers ${n} elements with ${shards} shards, in order and balanced`, () => {
        const ranges = shardRanges(n, shards);
        expect(ranges).toHaveLength(shards);
        expect(ranges[0]?.start).toBe(0);
        expect(ranges.at(-1)?.end).toBe(n);
        for (const [i, range] of ranges.entries()) {
          if (i > 0) expect(range.start).toBe(ranges[i - 1]?.end);
          expect(range.end - range.start).toBeGreaterThanOrEqual(Math.floor(n / shards));
          expect(range.end - range.start).toBeLessThanOrEqual(Math.ceil(n / shards));
        }
      });
    }
  }

  it('refuses what is not a count', () => {
    expect(() => shardRanges(-1, 2)).toThrow('n ≥ 0 expected, got -1');
    expect(() => shardRanges(10, 0)).toThrow('shards ≥ 1 expected, got 0');
    expect(() => shardRanges(1.5, 2)).toThrow(RangeError);
  });
});
