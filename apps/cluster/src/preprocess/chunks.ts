/** A worker's training samples as the chunks that a fit reads, pass after pass. */
import type { Dataset, Samples } from '@weft/hdfs-loader';
import type { Chunks, Matrix } from '@weft/preprocessing';
import { readAhead } from './read-ahead.js';
import type { Piece } from './slices.js';

/** Rows that are worked on together: enough to keep matrix products busy, and bounded where rows are long. */
const CHUNK_ROWS = 1024;
const CHUNK_BYTES = 32 * 2 ** 20;

/** Rows of a chunk, where a row takes so many bytes. @example chunkRows(49_152) // 682 */
export const chunkRows = (rowBytes: number): number =>
  Math.max(1, Math.min(CHUNK_ROWS, Math.floor(CHUNK_BYTES / rowBytes)));

/** Samples [start, end) cut into chunks: views. */
export function* cut(samples: Samples, start: number, end: number): Generator<Matrix & { start: number }, void, void> {
  const { inputs, features } = samples;
  const step = chunkRows(features * inputs.BYTES_PER_ELEMENT);
  for (let from = start; from < end; from += step) {
    const to = Math.min(end, from + step);
    yield { values: inputs.subarray(from * features, to * features), rows: to - from, features, start: from };
  }
}

/**
 * The pieces of the training split, in the same chunks each pass. A chunk is lent until the next is asked for.
 *
 * @throws what reading throws, naming the shard
 * @example await pipeline.fit(chunksOf(dataset, [{ shard: 0, start: 0, end: 100 }]))
 */
export function chunksOf(
  dataset: Dataset,
  pieces: readonly Piece[],
  o: { readonly signal?: AbortSignal | undefined } = {},
): Chunks {
  return async function* () {
    const left = pieces.map((piece) => ({ subset: 'train' as const, index: piece.shard, piece }));
    for await (const { ref, samples } of readAhead(dataset, () => left.shift() ?? null, o)) {
      yield* cut(samples, ref.piece.start, ref.piece.end);
    }
  };
}
