import type { Matrix } from './matrix.js';
import type { Chunks, FitOptions } from './transformer.js';

/**
 * Shows every chunk of the training split to a step that learns in one pass: stops by the signal, reports after each.
 *
 * @param step named in the progress
 * @example await onePass(chunks, this.kind, options, (chunk) => learnt.update(chunk));
 */
export async function onePass(
  chunks: Chunks,
  step: string,
  { onProgress, signal }: FitOptions,
  learn: (chunk: Matrix) => void,
): Promise<void> {
  let rows = 0;
  signal?.throwIfAborted();
  for await (const chunk of chunks()) {
    signal?.throwIfAborted();
    learn(chunk);
    rows += chunk.rows;
    onProgress?.({ step, pass: 1, passes: 1, rows });
  }
  signal?.throwIfAborted();
}
