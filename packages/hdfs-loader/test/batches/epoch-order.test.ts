import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochOrder } from '../../src/batches/epoch-order.js';

describe('epochOrder', () => {
  // From a transcription of the formulas in Python: the same order on every machine and in every version.
  it.each([
    [42, 3, [3, 1, 2, 8, 7, 4, 0, 6, 5, 9]],
    [42, 4, [0, 4, 3, 6, 2, 7, 8, 5, 1, 9]],
    [3, 42, [5, 9, 0, 8, 6, 2, 7, 1, 3, 4]],
  ])('of ten samples at seed %i, epoch %i is %j', (seed, epoch, expected) => {
    expect([...epochOrder(10, { seed, epoch })]).toEqual(expected);
  });

  it('of 60,000 samples has the checksum that Python gives', () => {
    expect(crc32(Buffer.from(epochOrder(60_000, { seed: 1, epoch: 0 }).buffer))).toBe(0x9794961f);
  });

  it('is a permutation, and pure', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.maxSafeNat(), fc.nat(), (count, seed, epoch) => {
        const order = epochOrder(count, { seed, epoch });
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
        expect(epochOrder(count, { seed, epoch })).toEqual(order);
      }),
    );
  });

  it('gives each of the 24 orders of four samples equally often', () => {
    const seen = new Map<string, number>();
    const runs = 24_000;
    for (let epoch = 0; epoch < runs; epoch++) {
      const key = epochOrder(4, { seed: 5, epoch }).join('');
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    const expected = runs / 24;
    let chiSquare = 0;
    for (const observed of seen.values()) chiSquare += (observed - expected) ** 2 / expected;
    expect(seen.size).toBe(24);
    expect(chiSquare).toBeLessThan(49.7); // χ² of 23 degrees of freedom at p = 0.001; the seed is fixed
  });

  it.each([-1, 1.5, 2 ** 32, Number.NaN])('refuses a count of %s', (count) => {
    expect(() => epochOrder(count, { seed: 0, epoch: 0 })).toThrow(/expected a count/);
  });

  it('refuses negative and fractional seeds and epochs', () => {
    expect(() => epochOrder(3, { seed: -1, epoch: 0 })).toThrow(/expected keys/);
    expect(() => epochOrder(3, { seed: 0, epoch: 0.5 })).toThrow(/expected keys/);
  });
});
