import { describe, expect, it } from 'vitest';
import { garmentAt, readGarments } from '../../src/synthetic/garments.js';
import { madeUpGarments } from '../made-up-garments.js';
import { syntheticSource } from '../synthetic-source.js';

describe('readGarments', () => {
  it('reads both subsets into memory that threads share, sorted by class', async () => {
    const { train, test } = await readGarments(madeUpGarments());
    expect(train.pixels.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([train.pixels.length, test.pixels.length]).toEqual([30 * 784, 20 * 784]);
    expect(train.ofClass.map((rows) => [...rows])).toEqual(Array.from({ length: 10 }, (_, c) => [c, 10 + c, 20 + c]));
    // Made so that the middle row's first pixel of cloth tells which garment it is.
    expect(Math.max(...garmentAt(train, 12))).toBe(112);
    expect(Math.max(...garmentAt(test, 3))).toBe(203);
  });

  it('refuses what is no Fashion-MNIST, and a class without garments', async () => {
    await expect(readGarments(syntheticSource())).rejects.toMatchObject({
      code: 'INVALID_SOURCE',
      message: 'synthetic: expected garments of 28 × 28 × 1 in 10 classes, got 2 × 2 × 1 in 3 classes',
    });
    const none = { inputs: new Uint8Array(0), labels: new Uint16Array(0), count: 0, features: 784 };
    await expect(readGarments(madeUpGarments({ test: none }))).rejects.toThrow(
      'garments: expected garments of every class in the test set, got no T-shirt/top',
    );
  });
});
