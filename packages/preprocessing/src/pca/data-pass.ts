import { PreprocessingError } from '../errors.js';
import { assertFinite, assertMatrix, type Matrix } from '../matrix.js';
import type { Chunks, FitOptions } from '../transformer.js';

/** Rows as the addon takes them. */
export interface PassRows {
  readonly values: Uint8Array | Float32Array;
  readonly rows: number;
}

/**
 * One pass over the training split, chunk by chunk.
 *
 * @param o.pass from 1; in the first one every value is looked at
 * @param o.expected rows that the pass before has seen
 * @returns rows
 * @throws PreprocessingError SHAPE_MISMATCH, INVALID_VALUE; INVALID_ARGUMENT when a pass has other rows than the one before
 */
export async function dataPass(
  chunks: Chunks,
  o: Pick<FitOptions, 'signal' | 'onProgress'> & {
    features: number;
    pass: number;
    passes: number | null;
    expected?: number;
  },
  take: (rows: PassRows) => Promise<unknown>,
): Promise<number> {
  const { signal, onProgress, features, pass, passes, expected } = o;
  let rows = 0;
  signal?.throwIfAborted();
  for await (const chunk of chunks()) {
    signal?.throwIfAborted();
    assertMatrix(chunk, features);
    if (pass === 1) assertFinite(chunk, rows);
    await take(passRows(chunk));
    rows += chunk.rows;
    onProgress?.({ step: 'pca', pass, passes, rows });
  }
  signal?.throwIfAborted();
  if (expected !== undefined && rows !== expected) {
    throw new PreprocessingError('INVALID_ARGUMENT', `pass ${pass}: expected the same ${expected} rows, got ${rows}`);
  }
  return rows;
}

/** Numbers of 16 bits are floats to the addon. */
export function passRows({ values, rows }: Matrix): PassRows {
  return { values: values instanceof Uint16Array ? Float32Array.from(values) : values, rows };
}
