import { describe, expect, it } from 'vitest';
import { assertFinite, assertMatrix, outputLike, outputOf, unchanged } from '../src/matrix.js';
import { matrixOf } from './matrices.js';

describe('assertMatrix', () => {
  it('accepts a matrix, an empty one, and one in a longer buffer', () => {
    assertMatrix(matrixOf([1, 2], [3, 4]), 2);
    assertMatrix({ values: new Uint8Array(0), rows: 0, features: 3 });
    assertMatrix({ values: new Uint8Array(100), rows: 2, features: 3 });
  });

  it.each([
    [{ values: new Uint8Array(7), rows: 2, features: 4 }, 'expected 2 × 4 values, got 7'],
    [{ values: new Uint8Array(6), rows: 2, features: 3 }, 'expected rows of 4 features, got 3'],
    [{ values: new Uint8Array(6), rows: -1, features: 3 }, 'got -1 × 3'],
    [{ values: new Uint8Array(6), rows: 1.5, features: 4 }, 'got 1.5 × 4'],
    [{ values: new Uint8Array(6), rows: 1, features: 0 }, 'got 1 × 0'],
  ])('refuses %o', (x, message) => {
    expect(() => assertMatrix(x, 4)).toThrow(
      expect.objectContaining({ code: 'SHAPE_MISMATCH', message: expect.stringContaining(message) }),
    );
  });
});

describe('outputOf', () => {
  it('gives the start of the buffer, or new memory', () => {
    const out = new Float32Array(10);
    const y = outputOf(2, 3, out);
    expect(y.values.buffer).toBe(out.buffer);
    expect(y.values.length).toBe(6);
    expect(outputOf(2, 3).values.length).toBe(6);
    expect(() => outputOf(2, 3, new Float32Array(5))).toThrow('room for 2 × 3 values, got 5');
  });
});

describe('assertFinite', () => {
  it('names the row and feature, within the rows only', () => {
    expect(() => assertFinite(matrixOf([1, 2], [3, Number.NaN]))).toThrow(
      'row 1, feature 1: expected a finite number, got NaN',
    );
    expect(() => assertFinite(matrixOf([1, -Infinity]))).toThrow(
      'row 0, feature 1: expected a finite number, got -Infinity',
    );
    assertFinite({ values: Float32Array.of(1, Number.NaN), rows: 1, features: 1 });
    assertFinite({ values: Uint8Array.of(1, 2), rows: 1, features: 2 });
  });
});

describe('outputLike', () => {
  it('gives room of the same elements, in `out` where they are float32', () => {
    const out = new Float32Array(8);
    expect(outputLike(matrixOf([1, 2], [3, 4]), 3, out).values.buffer).toBe(out.buffer);
    expect(outputLike({ values: new Uint8Array(4), rows: 2, features: 2 }, 3, out).values).toEqual(new Uint8Array(6));
    expect(outputLike({ values: new Uint16Array(4), rows: 2, features: 2 }, 1).values).toEqual(new Uint16Array(2));
  });
});

describe('unchanged', () => {
  it('gives the rows themselves, or copies them into `out`', () => {
    const x = matrixOf([1, 2], [3, 4]);
    expect(unchanged(x)).toBe(x);
    const out = new Float32Array(6);
    expect(unchanged(x, out).values).toEqual(x.values);
    expect([...out]).toEqual([1, 2, 3, 4, 0, 0]);
    const bytes = { values: Uint8Array.of(1), rows: 1, features: 1 };
    expect(unchanged(bytes, out)).toBe(bytes);
    expect(() => unchanged(x, new Float32Array(3))).toThrow('room for 2 × 2');
  });
});
