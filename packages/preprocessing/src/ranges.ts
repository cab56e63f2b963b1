import { PreprocessingError } from './errors.js';
import { assertFinite, assertMatrix, type Matrix } from './matrix.js';

/** Least and greatest value of each feature. */
export interface Ranges {
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/**
 * Ranges of the rows of one chunk.
 *
 * @param x at least one row
 * @throws PreprocessingError SHAPE_MISMATCH, INVALID_VALUE
 */
export function rangesOf(x: Matrix): Ranges {
  assertMatrix(x);
  assertFinite(x);
  const { values, rows, features } = x;
  if (rows === 0) throw new PreprocessingError('SHAPE_MISMATCH', 'expected at least one row, got none');
  const min = Float64Array.from(values.subarray(0, features));
  const max = min.slice();
  for (let i = features, row = 1; row < rows; row++) {
    for (let j = 0; j < features; j++, i++) {
      const value = values[i]!;
      if (value < min[j]!) min[j] = value;
      if (value > max[j]!) max[j] = value;
    }
  }
  return { min, max };
}

/** One range for all features. */
export function overallRange({ min, max }: Ranges): Ranges {
  return {
    min: Float64Array.of(min.reduce((a, b) => Math.min(a, b))),
    max: Float64Array.of(max.reduce((a, b) => Math.max(a, b))),
  };
}

/** Ranges of two sets of rows together: exact, in any grouping. @throws PreprocessingError SHAPE_MISMATCH */
export function mergeRanges(a: Ranges, b: Ranges): Ranges {
  if (a.min.length !== b.min.length) {
    const message = `expected rows of ${a.min.length} features, got ${b.min.length}`;
    throw new PreprocessingError('SHAPE_MISMATCH', message);
  }
  return {
    min: a.min.map((value, j) => Math.min(value, b.min[j]!)),
    max: a.max.map((value, j) => Math.max(value, b.max[j]!)),
  };
}
