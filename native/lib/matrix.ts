/**
 * Small dense matrices, row-major float32: what PowerSGD is made of. These are the portable twins of src/kernels/product.inl.h and
 * src/vector/orthonormalize.cc, and give the same bits: every sum runs in index order, every operation is rounded by itself.
 */
import type { Vector } from './vector.js';

/** C (rows × columns) = op(A) · op(B). */
export interface ProductShape {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** A lies as depth × rows. */
  readonly transposeA?: boolean;
  /** B lies as columns × depth. */
  readonly transposeB?: boolean;
}

function expectLength(kernel: string, what: string, v: Vector, expected: number): void {
  if (v.length !== expected)
    throw new RangeError(`${kernel}: ${expected} elements expected of ${what}, got ${v.length}`);
}

/**
 * c ← op(a) · op(b); c must not overlap a or b.
 *
 * @throws {RangeError} when a vector has another length than its shape
 * @example matrixProduct(Float32Array.of(1, 2), Float32Array.of(3, 4), c, { rows: 1, columns: 1, depth: 2 }) // c: [11]
 */
export function matrixProduct(a: Vector, b: Vector, c: Vector, shape: ProductShape): void {
  const { rows, columns, depth, transposeA = false, transposeB = false } = shape;
  expectLength('matrixProduct', 'a', a, rows * depth);
  expectLength('matrixProduct', 'b', b, depth * columns);
  expectLength('matrixProduct', 'c', c, rows * columns);
  const [aRow, aDepth] = transposeA ? [1, rows] : [depth, 1];
  const [bDepth, bColumn] = transposeB ? [1, depth] : [columns, 1];
  c.fill(0);
  for (let r = 0; r < rows; r++) {
    for (let k = 0; k < depth; k++) {
      const left = a[r * aRow + k * aDepth]!;
      for (let j = 0; j < columns; j++) c[r * columns + j]! += Math.fround(left * b[k * bDepth + j * bColumn]!);
    }
  }
}

/**
 * Modified Gram–Schmidt on the columns of p (rows × columns), in double precision, in place. A column that the ones before it explain up
 * to 10⁻⁶ of its length, or that is zero, becomes zero.
 *
 * @throws {RangeError} when columns does not divide p's length
 */
export function orthonormalize(p: Vector, columns: number): void {
  const rows = Math.floor(p.length / columns);
  expectLength('orthonormalize', 'p', p, rows * columns);
  const done: Float64Array[] = [];
  for (let j = 0; j < columns; j++) {
    const v = Float64Array.from({ length: rows }, (_, i) => p[i * columns + j]!);
    const before = dot(v, v);
    for (const u of done) {
      const along = dot(u, v);
      for (let i = 0; i < rows; i++) v[i]! -= along * u[i]!;
    }
    const squared = dot(v, v);
    // What is left of a dependent column is float32's rounding of it: no direction of its own. NaN passes, so that it is seen.
    const inverse = squared <= 1e-12 * before ? 0 : 1 / Math.sqrt(squared);
    for (let i = 0; i < rows; i++) v[i] = inverse === 0 ? 0 : v[i]! * inverse;
    for (let i = 0; i < rows; i++) p[i * columns + j] = v[i]!;
    done.push(v);
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
