import { describe, expect, it } from 'vitest';
import { Reshape } from '../src/reshape.js';
import { matrixOf } from './matrices.js';

describe('Reshape', () => {
  it('gives samples another shape, and changes no value', async () => {
    const reshape = await new Reshape([2, 3, 1]).fit();
    expect(reshape.isFitted).toBe(true);
    expect(reshape.outputShape([6])).toEqual([2, 3, 1]);
    expect(reshape.outputType('float32')).toBe('float32');
    const x = matrixOf([1, 2, 3, 4, 5, 6]);
    expect(reshape.transform(x)).toBe(x);
    expect(reshape.inverse(x)).toBe(x);
    expect(Reshape.fromJSON(JSON.parse(JSON.stringify(reshape)))).toEqual(reshape);
  });

  it('refuses samples of another number of values, and what is no shape', () => {
    expect(() => new Reshape([2, 3]).outputShape([7])).toThrow('expected samples of 6 values, got 7');
    expect(() => new Reshape([2]).transform(matrixOf([1]))).toThrow('expected rows of 2 features, got 1');
    expect(() => new Reshape([])).toThrow('expected a shape');
    expect(() => Reshape.fromJSON({ kind: 'reshape', version: 1, shape: [0] })).toThrow('shape: expected');
  });
});
