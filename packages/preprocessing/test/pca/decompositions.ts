import { readFileSync } from 'node:fs';
import type { Matrix } from '../../src/matrix.js';
import { rowsOf } from '../scikit-learn.js';

/** What scikit-learn found. See ../fixtures/README.md. */
export interface Decomposition {
  readonly mean: number[];
  readonly components: number[][];
  readonly explainedVariance: number[];
  readonly explainedVarianceRatio: number[];
  readonly transformed: number[][];
  readonly reconstructed: number[][];
}

/** One matrix and its decompositions by name. */
export function decompositions(name: string): { x: Matrix; of: (key: string) => Decomposition } {
  const file = JSON.parse(readFileSync(new URL(`../fixtures/pca-${name}.json`, import.meta.url), 'utf8')) as {
    x: number[][];
    dtype: 'float32' | 'uint8';
  } & Record<string, unknown>;
  return { x: rowsOf(file), of: (key) => file[key] as Decomposition };
}

/** Some rows of a matrix. */
export function rowsFrom(x: Matrix, start: number, end: number): Matrix {
  const values = x.values.slice(start * x.features, end * x.features);
  return { values, rows: end - start, features: x.features };
}

/** The matrix in chunks of so many rows. */
export function inChunks(x: Matrix, rows: number): Matrix[] {
  return Array.from({ length: Math.ceil(x.rows / rows) }, (_, i) =>
    rowsFrom(x, i * rows, Math.min(x.rows, (i + 1) * rows)),
  );
}

/** Largest |a − b| over the largest |b|. */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let [difference, largest] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return difference / (largest || 1);
}

/** Uniform numbers in [0, 1) by xorshift32 (Marsaglia 2003), twelve of them as a normal one. */
function randomOf(seed: number): { uniform: () => number; normal: () => number } {
  let state = seed;
  const uniform = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const normal = (): number => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += uniform();
    return sum;
  };
  return { uniform, normal };
}

/** Rows about a mean that vary by these standard deviations along as many random orthonormal directions, with a little noise. */
export function planted(o: {
  rows: number;
  features: number;
  values: readonly number[];
  seed: number;
}): Matrix<Float32Array> {
  const { uniform, normal } = randomOf(o.seed);
  const directions: number[][] = [];
  for (const _ of o.values) {
    const v = Array.from({ length: o.features }, normal);
    for (const u of directions) {
      const dot = v.reduce((sum, value, j) => sum + value * u[j]!, 0);
      for (let j = 0; j < v.length; j++) v[j]! -= dot * u[j]!;
    }
    const length = Math.hypot(...v);
    directions.push(v.map((value) => value / length));
  }
  const mean = Array.from({ length: o.features }, () => 100 * uniform());
  const values = new Float32Array(o.rows * o.features);
  for (let i = 0; i < o.rows; i++) {
    const scores = o.values.map((sigma) => sigma * normal());
    for (let j = 0; j < o.features; j++) {
      const signal = scores.reduce((sum, score, c) => sum + score * directions[c]![j]!, 0);
      values[i * o.features + j] = mean[j]! + signal + 0.01 * normal();
    }
  }
  return { values, rows: o.rows, features: o.features };
}

/** Sine of the largest angle of a row of `a` to the span of the orthonormal rows of `b`. */
export function subspaceSine(a: Float32Array, b: Float32Array, features: number): number {
  let worst = 0;
  for (let i = 0; i < a.length; i += features) {
    const rest = Float64Array.from(a.subarray(i, i + features));
    for (let k = 0; k < b.length; k += features) {
      let dot = 0;
      for (let j = 0; j < features; j++) dot += a[i + j]! * b[k + j]!;
      for (let j = 0; j < features; j++) rest[j]! -= dot * b[k + j]!;
    }
    worst = Math.max(worst, Math.hypot(...rest));
  }
  return worst;
}
