import { describe, expect, it } from 'vitest';
import { SafetensorsError } from '../src/errors.js';
import { assertTensor, dtypes, elementBytes, elementCount, isDtype, type Tensor, tensorView } from '../src/tensor.js';

describe('elementCount', () => {
  it('multiplies the sizes; a scalar has one element', () => {
    expect(elementCount([])).toBe(1);
    expect(elementCount([2, 3, 4])).toBe(24);
    expect(elementCount([5, 0])).toBe(0);
  });

  it.each([[[-1]], [[1.5]], [['2']], ['12'], [null], [[2 ** 30, 2 ** 30]]])('gives NaN for %j', (shape) => {
    expect(elementCount(shape)).toBeNaN();
  });
});

describe('isDtype', () => {
  it('knows the twelve names and no property of Object.prototype', () => {
    expect(dtypes).toHaveLength(12);
    expect(dtypes.every(isDtype)).toBe(true);
    for (const name of ['constructor', '__proto__', 'f32', 'BOOL', 3]) expect(isDtype(name)).toBe(false);
  });
});

describe('tensorView', () => {
  it('shares memory where the address is aligned, and copies where it is not', () => {
    const bytes = new Uint8Array(24);
    const aligned = tensorView('F32', [2], bytes, { begin: 8, end: 16 });
    expect(aligned.data.buffer).toBe(bytes.buffer);
    bytes[11] = 0x3f;
    expect(aligned.data[0]).toBe(0.5);
    const copied = tensorView('F32', [1], bytes, { begin: 9, end: 13 });
    expect(copied.data.buffer).not.toBe(bytes.buffer);
    expect(Buffer.from(copied.data.buffer, copied.data.byteOffset, 4)).toEqual(Buffer.from(bytes.subarray(9, 13)));
  });

  it('gives every type its array', () => {
    for (const dtype of dtypes) {
      const { data } = tensorView(dtype, [2], new Uint8Array(16), { begin: 0, end: 2 * elementBytes(dtype) });
      expect(data.length).toBe(2);
      expect(data.BYTES_PER_ELEMENT).toBe(elementBytes(dtype));
      assertTensor('t', { dtype, shape: [2], data } as Tensor);
    }
  });
});

describe('assertTensor', () => {
  const cases: [string, unknown, RegExp][] = [
    [
      'an unknown type',
      { dtype: 'F8', shape: [1], data: new Uint8Array(1) },
      /tensor "w": expected a dtype of U64.*F8/,
    ],
    ['another array', { dtype: 'F32', shape: [1], data: new Float64Array(1) }, /F32 does not go with Float64Array/],
    ['no array', { dtype: 'F32', shape: [1] }, /F32 does not go with undefined/],
    ['a bad shape', { dtype: 'U8', shape: [-1], data: new Uint8Array(1) }, /non-negative integers, got \[-1\]/],
    ['a wrong length', { dtype: 'U8', shape: [2, 2], data: new Uint8Array(3) }, /\[2, 2\] has 4 elements, data has 3/],
  ];
  it.each(cases)('refuses %s', (_, tensor, message) => {
    expect(() => assertTensor('w', tensor as Tensor)).toThrow(SafetensorsError);
    expect(() => assertTensor('w', tensor as Tensor)).toThrow(message);
  });
});
