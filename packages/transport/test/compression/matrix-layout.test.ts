import { describe, expect, it } from 'vitest';
import { matrixLayout } from '../../src/compression/matrix-layout.js';
import { codeOf } from './vectors.js';

const tensor = (name: string, offset: number, ...shape: number[]) => ({
  name,
  shape,
  offset,
  length: shape.reduce((a, b) => a * b, 1),
});

describe('matrixLayout', () => {
  it('matrices with P and Q one after another, then what is sent whole', () => {
    const layout = matrixLayout(
      [tensor('kernel', 0, 3, 3, 4, 8), tensor('bias', 288, 8), tensor('dense', 296, 8, 10)],
      2,
    );
    expect(layout).toEqual({
      n: 376,
      matrices: [
        { offset: 0, rows: 36, columns: 8, rank: 2, left: 0, right: 0 },
        { offset: 296, rows: 8, columns: 10, rank: 2, left: 72, right: 16 },
      ],
      vectors: [{ offset: 288, length: 8, left: 88 }],
      leftLength: 96,
      rightLength: 36,
    });
  });

  it('sends whole what P and Q would not make smaller, scalars and empty tensors', () => {
    const layout = matrixLayout(
      [tensor('a', 0, 4, 4), tensor('b', 16), tensor('c', 17, 0, 5), tensor('d', 17, 1, 9)],
      2,
    );
    expect(layout.matrices).toEqual([]);
    expect(layout.vectors.map((v) => v.length)).toEqual([16, 1, 0, 9]);
    expect(layout.leftLength).toBe(26);
  });

  it('refuses gaps, overlaps, shapes that contradict, and other ranks', () => {
    for (const bad of [
      [tensor('a', 1, 2)],
      [tensor('a', 0, 2), tensor('b', 1, 2)],
      [{ name: 'a', shape: [3], offset: 0, length: 2 }],
      [{ name: 'a', shape: [0.5, 4], offset: 0, length: 2 }],
    ]) {
      expect(codeOf(() => matrixLayout(bad, 1))).toBe('configuration');
    }
    for (const rank of [0, 1.5, Number.NaN]) expect(codeOf(() => matrixLayout([], rank))).toBe('configuration');
  });
});
