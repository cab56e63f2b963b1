import { describe, expect, it } from 'vitest';
import { countPerClass, dtypeOf, featureCount, newValues, rangeOf, sliceSamples } from '../src/samples.js';
import { floatSamples, syntheticSamples } from './synthetic-source.js';

describe('featureCount', () => {
  it('multiplies the sizes', () => {
    expect(featureCount([28, 28, 1])).toBe(784);
    expect(featureCount([3])).toBe(3);
  });
});

describe('countPerClass', () => {
  it('counts, with zeros for classes that have no sample', () => {
    expect(countPerClass(syntheticSamples(8), 4)).toEqual([3, 3, 2, 0]);
    expect(countPerClass(syntheticSamples(0), 2)).toEqual([0, 0]);
  });

  it('names the first row whose label is out of range', () => {
    expect(() => countPerClass(syntheticSamples(8), 2)).toThrow('row 2: expected a label of 0 to 1, got 2');
  });
});

describe('rangeOf', () => {
  const of = (...values: number[]) => ({ ...syntheticSamples(1), inputs: Float32Array.from(values) });

  it('is the smallest and the largest value', () => {
    expect(rangeOf(syntheticSamples(5, 3))).toEqual([3, 7]);
    expect(rangeOf(syntheticSamples(300))).toEqual([0, 255]);
    expect(rangeOf(floatSamples(5))).toEqual([-8, -3.25]);
    expect(rangeOf(of(-1.5, -2.5))).toEqual([-2.5, -1.5]);
    expect(rangeOf(of(-0, -0))).toEqual([0, 0]);
    expect(rangeOf(syntheticSamples(0))).toEqual([0, 0]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('names the row of %s', (value) => {
    expect(() => rangeOf(of(1, 2, 3, 4, 2, value), 10)).toThrow(`row 11: expected finite values, got ${value}`);
    expect(() => rangeOf(of(value))).toThrow('row 0: ');
  });
});

describe('newValues', () => {
  it('is memory of the type that dtypeOf tells', () => {
    expect(newValues('uint8', 3)).toEqual(new Uint8Array(3));
    expect(newValues('float32', 3)).toEqual(new Float32Array(3));
    expect((['uint8', 'float32'] as const).map((dtype) => dtypeOf(newValues(dtype, 0)))).toEqual(['uint8', 'float32']);
  });
});

describe('sliceSamples', () => {
  it('is a view of the rows', () => {
    const samples = syntheticSamples(5);
    const slice = sliceSamples(samples, 1, 3);
    expect(slice).toEqual({ ...syntheticSamples(2, 1) });
    expect(slice.inputs.buffer).toBe(samples.inputs.buffer);
    expect(sliceSamples(samples, 5, 5).count).toBe(0);
  });
});
