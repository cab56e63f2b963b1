import fc from 'fast-check';
import type { Matrix } from '../src/matrix.js';

/** A float32 matrix of rows given as arrays. */
export function matrixOf(...rows: number[][]): Matrix<Float32Array> {
  return { values: Float32Array.from(rows.flat()), rows: rows.length, features: rows[0]?.length ?? 1 };
}

/** Any chunks of the same features: at least one row in all, some chunks empty. */
export const anyChunks = fc.integer({ min: 1, max: 4 }).chain((features) => {
  const row = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: features, maxLength: features });
  const chunk = (minLength: number) =>
    fc.array(row, { minLength, maxLength: 6 }).map((rows) => ({ ...matrixOf(...rows), features }));
  return fc.tuple(chunk(1), fc.array(chunk(0), { maxLength: 4 })).map(([first, rest]) => [first, ...rest]);
});

/** All rows of some chunks as one matrix. */
export function joined(chunks: readonly Matrix[]): Matrix<Float32Array> {
  const values = Float32Array.from(chunks.flatMap((chunk) => [...chunk.values]));
  return { values, rows: chunks.reduce((sum, chunk) => sum + chunk.rows, 0), features: chunks[0]!.features };
}
