import { readFileSync } from 'node:fs';
import type { Matrix } from '../src/matrix.js';

/** What scikit-learn's scalers found in one matrix. See fixtures/README.md. */
export interface ScalerCase {
  readonly x: number[][];
  readonly dtype: 'float32' | 'uint8';
  readonly standard: { mean: number[]; var: number[]; scale: number[]; transformed: number[][] };
  readonly minMax: MinMaxFound;
  readonly minMaxSigned: MinMaxFound;
}

interface MinMaxFound {
  readonly data_min: number[];
  readonly data_max: number[];
  readonly transformed: number[][];
}

export const scalerCases = (
  JSON.parse(readFileSync(new URL('./fixtures/scalers.json', import.meta.url), 'utf8')) as { cases: ScalerCase[] }
).cases;

/** The rows of a case, in its element type. */
export function rowsOf({ x, dtype }: Pick<ScalerCase, 'x' | 'dtype'>): Matrix {
  const values = x.flat();
  const typed = dtype === 'uint8' ? Uint8Array.from(values) : Float32Array.from(values);
  return { values: typed, rows: x.length, features: x[0]!.length };
}
