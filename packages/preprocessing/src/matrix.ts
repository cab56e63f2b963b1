import { PreprocessingError } from './errors.js';

/** Arrays that hold a matrix: pixels, labels or features. */
export type Values = Uint8Array | Uint16Array | Float32Array;

/** Rows of features, row-major: one row a sample. `values` may be longer than rows × features; the rest is not read. */
export interface Matrix<V extends Values = Values> {
  readonly values: V;
  readonly rows: number;
  readonly features: number;
}

/** Throws SHAPE_MISMATCH unless a matrix has these features (when given) and holds all its rows. */
export function assertMatrix(x: Matrix, features?: number): void {
  if (!Number.isSafeInteger(x.rows) || x.rows < 0 || !Number.isSafeInteger(x.features) || x.features < 1) {
    throw new PreprocessingError('SHAPE_MISMATCH', `expected rows ≥ 0 and features ≥ 1, got ${x.rows} × ${x.features}`);
  }
  if (features !== undefined && x.features !== features) {
    throw new PreprocessingError('SHAPE_MISMATCH', `expected rows of ${features} features, got ${x.features}`);
  }
  if (x.values.length < x.rows * x.features) {
    const message = `expected ${x.rows} × ${x.features} values, got ${x.values.length}`;
    throw new PreprocessingError('SHAPE_MISMATCH', message);
  }
}

/** The first rows × features elements of `out`, or new memory. @throws PreprocessingError SHAPE_MISMATCH */
export function outputOf(rows: number, features: number, out?: Float32Array): Matrix<Float32Array> {
  const length = rows * features;
  if (out === undefined) return { values: new Float32Array(length), rows, features };
  if (out.length < length) {
    const message = `expected room for ${rows} × ${features} values, got ${out.length}`;
    throw new PreprocessingError('SHAPE_MISMATCH', message);
  }
  return { values: out.subarray(0, length), rows, features };
}

/**
 * Room for rows of the element type of `x`: the start of `out` where that is float32.
 *
 * @throws PreprocessingError SHAPE_MISMATCH
 */
export function outputLike(x: Matrix, features: number, out?: Float32Array): Matrix {
  const { values, rows } = x;
  if (values instanceof Float32Array) return outputOf(rows, features, out);
  const length = rows * features;
  return { values: values instanceof Uint8Array ? new Uint8Array(length) : new Uint16Array(length), rows, features };
}

/** The rows themselves, or their copy in the start of `out` where that is given and they are float32. */
export function unchanged(x: Matrix, out?: Float32Array): Matrix {
  if (out === undefined || !(x.values instanceof Float32Array)) return x;
  const y = outputOf(x.rows, x.features, out);
  y.values.set(x.values.subarray(0, x.rows * x.features));
  return y;
}

/** Throws INVALID_VALUE at the first NaN or infinity, naming row and feature. @param firstRow number of the matrix's first row */
export function assertFinite(x: Matrix, firstRow = 0): void {
  if (!(x.values instanceof Float32Array)) return;
  const length = x.rows * x.features;
  for (let i = 0; i < length; i++) {
    const value = x.values[i]!;
    if (Number.isFinite(value)) continue;
    const message = `row ${firstRow + Math.floor(i / x.features)}, feature ${i % x.features}: expected a finite number, got ${value}`;
    throw new PreprocessingError('INVALID_VALUE', message);
  }
}
