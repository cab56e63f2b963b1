import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PerImageNormalizer } from '../../src/images/per-image-normalizer.js';
import { anyChunks, joined, matrixOf } from '../matrices.js';

describe('PerImageNormalizer', () => {
  it('gives each sample mean 0 and deviation 1, a constant one 0', () => {
    const bytes = { values: Uint8Array.of(1, 3, 1, 3, 9, 9, 9, 9), rows: 2, features: 4 };
    expect([...new PerImageNormalizer().transform(bytes).values]).toEqual([-1, 1, -1, 1, 0, 0, 0, 0]);
    expect([...new PerImageNormalizer().transform(matrixOf([0.1, 0.1, 0.1])).values]).toEqual([0, 0, 0]);
  });

  it('depends on no other sample, and on neither shift nor scale of its own', () => {
    fc.assert(
      fc.property(anyChunks, (chunks) => {
        const x = joined(chunks);
        const { values } = new PerImageNormalizer().transform(x);
        for (let row = 0; row < x.rows; row++) {
          const own = { ...x, values: x.values.slice(row * x.features, (row + 1) * x.features), rows: 1 };
          const z = new PerImageNormalizer().transform(own).values;
          expect(z).toEqual(values.slice(row * x.features, (row + 1) * x.features));
          const mean = z.reduce((a, b) => a + b, 0) / x.features;
          const variance = z.reduce((a, b) => a + (b - mean) ** 2, 0) / x.features;
          expect(Math.abs(mean)).toBeLessThan(1e-6);
          if (own.values.some((value) => value !== own.values[0])) expect(Math.abs(variance - 1)).toBeLessThan(1e-5);
        }
      }),
    );
  });

  it('writes in place, keeps the shape, and restores', async () => {
    const step = await new PerImageNormalizer().fit();
    const x = matrixOf([4, 0]);
    expect(step.transform(x, x.values).values.buffer).toBe(x.values.buffer);
    expect([...x.values]).toEqual([1, -1]);
    expect(step.isFitted).toBe(true);
    expect(step.outputShape([2, 1])).toEqual([2, 1]);
    expect(PerImageNormalizer.fromJSON(step.toJSON())).toEqual(step);
  });

  it('refuses NaN by row', () => {
    expect(() => new PerImageNormalizer().transform(matrixOf([1, 2], [3, Number.NaN]))).toThrow('row 1, feature 1');
  });
});
