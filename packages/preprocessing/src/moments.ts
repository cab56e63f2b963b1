import { PreprocessingError } from './errors.js';
import { assertFinite, assertMatrix, type Matrix } from './matrix.js';

/** Count, mean μ and sum of squared deviations M₂ of each feature. */
export interface Moments {
  readonly count: number;
  readonly mean: Float64Array;
  readonly m2: Float64Array;
}

/**
 * Moments of the rows of one chunk, in two passes, in float64:
 *
 *   μ = p + Σ(x − p)/n,  p the first row: a constant feature gives exactly its value
 *   M₂ = Σ(x − μ)² − (Σ(x − μ))²/n: the second term takes away most of the rounding of μ
 *
 * @param x at least one row
 * @throws PreprocessingError SHAPE_MISMATCH, INVALID_VALUE
 * @see Chan, Golub, LeVeque: Algorithms for Computing the Sample Variance, The American Statistician 37 (1983)
 */
export function momentsOf(x: Matrix): Moments {
  assertMatrix(x);
  const { values, rows, features } = x;
  if (rows === 0) throw new PreprocessingError('SHAPE_MISMATCH', 'expected at least one row, got none');
  const mean = new Float64Array(features);
  const m2 = new Float64Array(features);
  const deviations = new Float64Array(features);
  for (let row = 1; row < rows; row++) {
    const offset = row * features;
    for (let j = 0; j < features; j++) mean[j]! += values[offset + j]! - values[j]!;
  }
  for (let j = 0; j < features; j++) mean[j] = values[j]! + mean[j]! / rows;
  for (let row = 0; row < rows; row++) {
    const offset = row * features;
    for (let j = 0; j < features; j++) {
      const deviation = values[offset + j]! - mean[j]!;
      deviations[j]! += deviation;
      m2[j]! += deviation * deviation;
    }
  }
  // NaN and infinity end up as NaN in M₂: cheaper than a look at every value.
  if (!m2.every(Number.isFinite)) assertFinite(x);
  for (let j = 0; j < features; j++) m2[j] = Math.max(0, m2[j]! - deviations[j]! ** 2 / rows);
  return { count: rows, mean, m2 };
}

/**
 * Moments of two sets of rows together. Equal to those of the joined rows up to rounding, in any grouping:
 *
 *   δ = μ_B − μ_A;  n = n_A + n_B;  μ = μ_A + δ n_B/n;  M₂ = M₂_A + M₂_B + δ² n_A n_B/n
 *
 * @throws PreprocessingError SHAPE_MISMATCH
 * @see Chan, Golub, LeVeque 1983, as momentsOf
 */
export function mergeMoments(a: Moments, b: Moments): Moments {
  if (a.mean.length !== b.mean.length) {
    const message = `expected rows of ${a.mean.length} features, got ${b.mean.length}`;
    throw new PreprocessingError('SHAPE_MISMATCH', message);
  }
  const count = a.count + b.count;
  const mean = new Float64Array(a.mean.length);
  const m2 = new Float64Array(a.mean.length);
  for (let j = 0; j < mean.length; j++) {
    const delta = b.mean[j]! - a.mean[j]!;
    mean[j] = a.mean[j]! + (delta * b.count) / count;
    m2[j] = a.m2[j]! + b.m2[j]! + delta * delta * ((a.count * b.count) / count);
  }
  return { count, mean, m2 };
}
