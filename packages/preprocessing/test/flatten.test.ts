import { expect, it } from 'vitest';
import { Flatten } from '../src/flatten.js';
import { matrixOf } from './matrices.js';

it('Flatten makes vectors of samples, and changes no value', async () => {
  const flatten = await new Flatten().fit();
  expect(flatten.isFitted).toBe(true);
  expect(flatten.outputShape([4, 3, 2])).toEqual([24]);
  expect(flatten.outputType('uint8')).toBe('uint8');
  const x = matrixOf([1, 2], [3, 4]);
  expect(flatten.transform(x)).toBe(x);
  expect(flatten.inverse(x)).toBe(x);
  const out = new Float32Array(4);
  expect(flatten.transform(x, out).values.buffer).toBe(out.buffer);
  expect(Flatten.fromJSON(flatten.toJSON())).toEqual(flatten);
});
