import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeRanges, overallRange, rangesOf } from '../src/ranges.js';
import { anyChunks, joined, matrixOf } from './matrices.js';

describe('rangesOf', () => {
  it('gives the least and the greatest value of each feature', () => {
    const ranges = rangesOf(matrixOf([1, 10], [-2, 30], [6, 20]));
    expect(ranges).toEqual({ min: Float64Array.of(-2, 10), max: Float64Array.of(6, 30) });
  });

  it('refuses no rows and NaN', () => {
    expect(() => rangesOf({ values: new Uint8Array(0), rows: 0, features: 1 })).toThrow('at least one row');
    expect(() => rangesOf(matrixOf([1], [Number.NaN]))).toThrow('row 1, feature 0');
  });
});

describe('overallRange', () => {
  it('is that of all values', () => {
    expect(overallRange(rangesOf(matrixOf([1, 10], [-2, 30])))).toEqual({
      min: Float64Array.of(-2),
      max: Float64Array.of(30),
    });
  });
});

describe('mergeRanges', () => {
  it('gives the ranges of the joined rows, in any grouping', () => {
    fc.assert(
      fc.property(anyChunks, (chunks) => {
        const parts = chunks.filter(({ rows }) => rows > 0).map((chunk) => rangesOf(chunk));
        expect(parts.reduceRight(mergeRanges)).toEqual(rangesOf(joined(chunks)));
      }),
    );
  });

  it('refuses other features', () => {
    const [one, two] = [rangesOf(matrixOf([1])), rangesOf(matrixOf([1, 2]))];
    expect(() => mergeRanges(one, two)).toThrow('expected rows of 1 features, got 2');
  });
});
