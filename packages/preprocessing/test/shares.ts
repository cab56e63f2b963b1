import type { Matrix } from '../src/matrix.js';
import type { Transformer } from '../src/transformer.js';
import { inProcessAllReduce } from './in-process-all-reduce.js';

/** Fits one transformer a rank, each on every size-th chunk, with real sums between them. */
export async function fittedOnShares<T extends Transformer>(
  make: () => T,
  chunks: readonly Matrix[],
  size: number,
): Promise<T[]> {
  return Promise.all(
    inProcessAllReduce(size).map((allReduce, rank) =>
      make().fit(() => chunks.filter((_, i) => i % size === rank), { allReduce }),
    ),
  );
}
