import { describe, expect, it } from 'vitest';
import { countPerClass, featureCount, sliceSamples } from '../src/samples.js';
import { syntheticSamples } from './synthetic-source.js';

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

describe('sliceSamples', () => {
  it('is a view of the rows', () => {
    const samples = syntheticSamples(5);
    const slice = sliceSamples(samples, 1, 3);
    expect(slice).toEqual({ ...syntheticSamples(2, 1) });
    expect(slice.inputs.buffer).toBe(samples.inputs.buffer);
    expect(sliceSamples(samples, 5, 5).count).toBe(0);
  });
});
