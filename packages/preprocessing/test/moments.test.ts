import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeMoments, momentsOf } from '../src/moments.js';
import { anyChunks, joined, matrixOf } from './matrices.js';

describe('momentsOf', () => {
  it('gives count, mean and squared deviations of each feature', () => {
    const moments = momentsOf(matrixOf([1, 10], [2, 10], [6, 40]));
    expect(moments).toEqual({ count: 3, mean: Float64Array.of(3, 20), m2: Float64Array.of(14, 600) });
  });

  it('takes bytes', () => {
    const x = { values: Uint8Array.of(0, 255, 255, 0), rows: 2, features: 2 };
    expect(momentsOf(x)).toEqual({
      count: 2,
      mean: Float64Array.of(127.5, 127.5),
      m2: Float64Array.of(32512.5, 32512.5),
    });
  });

  it('of a constant feature are exactly its value and 0', () => {
    const values = new Float32Array(1001).fill(0.1);
    expect(momentsOf({ values, rows: 1001, features: 1 })).toEqual({
      count: 1001,
      mean: Float64Array.of(Math.fround(0.1)),
      m2: Float64Array.of(0),
    });
  });

  it('keep their digits far from zero, where Σx² − nμ² loses all', () => {
    const offset = 2 ** 23;
    const values = Float32Array.from({ length: 1000 }, (_, i) => offset + (i % 2));
    const { mean, m2 } = momentsOf({ values, rows: 1000, features: 1 });
    expect(mean[0]).toBe(offset + 0.5);
    expect(m2[0]).toBe(250);
  });

  it('refuse no rows, NaN and missing values', () => {
    expect(() => momentsOf({ values: new Float32Array(0), rows: 0, features: 1 })).toThrow('at least one row');
    expect(() => momentsOf(matrixOf([1], [Number.NaN]))).toThrow('row 1, feature 0');
    expect(() => momentsOf({ values: new Float32Array(3), rows: 2, features: 2 })).toThrow('2 × 2 values');
  });
});

describe('mergeMoments', () => {
  it('gives the moments of the joined rows', () => {
    const merged = mergeMoments(momentsOf(matrixOf([1, 10], [2, 10])), momentsOf(matrixOf([6, 40])));
    expect(merged).toEqual({ count: 3, mean: Float64Array.of(3, 20), m2: Float64Array.of(14, 600) });
  });

  it('agrees with one chunk, in any grouping, up to rounding', () => {
    fc.assert(
      fc.property(anyChunks, (chunks) => {
        const expected = momentsOf(joined(chunks));
        const parts = chunks.filter((chunk) => chunk.rows > 0).map((chunk) => momentsOf(chunk));
        for (const merged of [parts.reduce(mergeMoments), parts.reduceRight((b, a) => mergeMoments(a, b))]) {
          expect(merged.count).toBe(expected.count);
          for (let j = 0; j < expected.mean.length; j++) {
            expect(Math.abs(merged.mean[j]! - expected.mean[j]!)).toBeLessThan(1e-9);
            expect(Math.abs(merged.m2[j]! - expected.m2[j]!)).toBeLessThanOrEqual(1e-9 + 1e-12 * expected.m2[j]!);
          }
        }
      }),
    );
  });

  it('refuses other features', () => {
    expect(() => mergeMoments(momentsOf(matrixOf([1])), momentsOf(matrixOf([1, 2])))).toThrow('1 features, got 2');
  });
});
