import { describe, expect, it } from 'vitest';
import { KERNELS, PORTABLE } from '../lib/kernels.js';
import { addon } from '../lib/native.js';

const found = addon();
const kinds = [['twins', PORTABLE] as const, ...(found.ok ? [[found.addon.kernels, KERNELS] as const] : [])];

/** A sequence in [−1, 1), the same every time (Lehmer's generator). */
function values(n: number, seed: number): Float32Array<ArrayBuffer> {
  let x = seed * 48271 + 1;
  return Float32Array.from({ length: n }, () => {
    x = (x * 48271) % 2147483647;
    return (2 * x) / 2147483647 - 1;
  });
}
const transposed = (a: Float32Array, rows: number, columns: number) =>
  Float32Array.from(a, (_, i) => a[(i % rows) * columns + Math.floor(i / rows)]!);

describe.each(kinds)('matrices, %s', (_, k) => {
  it('a product by hand, either side transposed', () => {
    // [1 2 3; 4 5 6] · [1 0; 0 1; 2 −1] = [7 −1; 16 −1]
    const [a, b] = [Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(1, 0, 0, 1, 2, -1)];
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const c = new Float32Array(4).fill(9);
        const shape = { rows: 2, columns: 2, depth: 3, transposeA, transposeB };
        k.matrixProduct(transposeA ? transposed(a, 2, 3) : a, transposeB ? transposed(b, 3, 2) : b, c, shape);
        expect([...c]).toEqual([7, -1, 16, -1]);
      }
    }
  });

  it('sums in index order, rounding each step, around every vector width and depth of a block', () => {
    for (const [rows, columns, depth] of [
      [1, 1, 1],
      [13, 17, 5],
      [3, 33, 300],
      [30, 4, 257],
      [2, 15, 513],
      [5, 3, 0],
    ] as const) {
      const [a, b, c] = [values(rows * depth, 1), values(depth * columns, 2), new Float32Array(rows * columns)];
      const wanted = c.map((_x, i) => {
        let sum = 0;
        for (let d = 0; d < depth; d++) {
          const [left, right] = [a[Math.floor(i / columns) * depth + d]!, b[d * columns + (i % columns)]!];
          sum = Math.fround(sum + Math.fround(left * right));
        }
        return sum;
      });
      for (const transposeA of [false, true]) {
        for (const transposeB of [false, true]) {
          c.fill(9);
          const left = transposeA ? transposed(a, rows, depth) : a;
          const right = transposeB ? transposed(b, depth, columns) : b;
          k.matrixProduct(left, right, c, { rows, columns, depth, transposeA, transposeB });
          expect([...c]).toEqual([...wanted]);
        }
      }
    }
  });

  it('orthonormalize: columns by hand', () => {
    // (3, 4) → (0.6, 0.8); (1, 0) − 0.6 (0.6, 0.8) = (0.64, −0.48) → (0.8, −0.6)
    const p = Float32Array.of(3, 1, 4, 0);
    k.orthonormalize(p, 2);
    expect([...p].map((v) => v.toFixed(6))).toEqual(['0.600000', '0.800000', '0.800000', '-0.600000']);
  });

  it('orthonormalize: dependent and zero columns become zero', () => {
    // The second is twice the first up to rounding, the third zero, the fourth independent
    const a = values(50, 3);
    const p = Float32Array.from({ length: 200 }, (_x, i) => {
      const v = a[Math.floor(i / 4)]!;
      return [v, 2 * v * (1 + 2 ** -23), 0, Math.floor(i / 4) === 7 ? 1 : 0][i % 4]!;
    });
    k.orthonormalize(p, 4);
    const column = (j: number) => Array.from({ length: 50 }, (_x, i) => p[4 * i + j]!);
    const dot = (x: number[], y: number[]) => x.reduce((s, v, i) => s + v * y[i]!, 0);
    expect(column(1).every((v) => v === 0)).toBe(true);
    expect(column(2).every((v) => v === 0)).toBe(true);
    expect(dot(column(0), column(0))).toBeCloseTo(1, 6);
    expect(dot(column(3), column(3))).toBeCloseTo(1, 6);
    expect(dot(column(0), column(3))).toBeCloseTo(0, 6);
  });

  it('refuse lengths that are not the shape', () => {
    const two = new Float32Array(2);
    const product = () => k.matrixProduct(two, two, two, { rows: 1, columns: 1, depth: 2 });
    expect(product).toThrow(RangeError);
    expect(() => k.orthonormalize(new Float32Array(3), 2)).toThrow(RangeError);
  });
});
