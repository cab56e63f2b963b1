import { LoaderError } from '../errors.js';
import type { Samples } from '../samples.js';

/** Reused memory of one batch: room for at least its rows. */
export interface BatchBuffers {
  /** Rows × features. */
  readonly inputs: Uint8Array;
  /** One class index a row. */
  readonly targets: Uint16Array;
}

/**
 * Copies the samples order[start … end) into the first rows of reused buffers: the one copy on the way of a sample to
 * its batch.
 *
 * @param order sample indexes, as of `epochOrder`
 * @returns the number of rows, end − start
 * @throws LoaderError INVALID_ARGUMENT when the range leaves the order, an index the samples, or a row the buffers
 * @example const size = gather(train, order, { start: 0, end: 32 }, { inputs, targets });
 */
export function gather(
  samples: Samples,
  order: Uint32Array,
  range: { start: number; end: number },
  into: BatchBuffers,
): number {
  const { start, end } = range;
  const { features } = samples;
  const size = end - start;
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || size < 0 || end > order.length) {
    throw new LoaderError('INVALID_ARGUMENT', `expected a range within [0, ${order.length}), got [${start}, ${end})`);
  }
  if (into.inputs.length < size * features || into.targets.length < size) {
    const room = `${into.inputs.length} inputs and ${into.targets.length} targets`;
    throw new LoaderError('INVALID_ARGUMENT', `expected room for ${size} × ${features} values, got ${room}`);
  }
  for (let row = 0; row < size; row++) {
    const index = order[start + row]!;
    if (index >= samples.count) {
      const message = `order[${start + row}]: expected an index below ${samples.count}, got ${index}`;
      throw new LoaderError('INVALID_ARGUMENT', message);
    }
    into.inputs.set(samples.inputs.subarray(index * features, (index + 1) * features), row * features);
    into.targets[row] = samples.labels[index]!;
  }
  return size;
}
