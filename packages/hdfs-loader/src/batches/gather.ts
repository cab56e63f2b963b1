import { LoaderError } from '../errors.js';
import { dtypeOf, type Samples, type Values } from '../samples.js';

/** Reused memory of one batch: room for at least its rows. */
export interface BatchBuffers {
  /** Rows × features, of the type of the samples. */
  readonly inputs: Values;
  /** One class index a row. */
  readonly targets: Uint16Array;
}

/** Samples that lie in several places, one after the other. */
export interface JoinedSamples {
  readonly parts: readonly Samples[];
  /** Row of each part's first sample. */
  readonly firsts: readonly number[];
  readonly count: number;
  readonly features: number;
}

/** Several samples as one, nothing copied. */
export function joinSamples(parts: readonly Samples[]): JoinedSamples {
  const firsts: number[] = [];
  let count = 0;
  for (const part of parts) {
    firsts.push(count);
    count += part.count;
  }
  return { parts, firsts, count, features: parts[0]?.features ?? 0 };
}

/**
 * Copies the samples order[start … end) into the first rows of reused buffers: the one copy on the way of a sample to
 * its batch.
 *
 * @param order sample indexes, as of `epochOrder`
 * @returns the number of rows, end − start
 * @throws LoaderError INVALID_ARGUMENT when the range leaves the order, an index the samples, or a row the buffers; for buffers of another type
 * @example const size = gather(train, order, { start: 0, end: 32 }, { inputs, targets });
 */
export function gather(
  samples: Samples | JoinedSamples,
  order: Uint32Array,
  range: { start: number; end: number },
  into: BatchBuffers,
): number {
  const { start, end } = range;
  const { features, count } = samples;
  const { parts, firsts } = 'parts' in samples ? samples : { parts: [samples], firsts: [0] };
  const size = requireRange(range, order.length);
  requireRoom(size, features, into);
  if (parts[0]) requireType(parts[0].inputs, into);
  for (let row = start; row < end; row++) {
    const index = order[row]!;
    if (index >= count) {
      throw new LoaderError('INVALID_ARGUMENT', `order[${row}]: expected an index below ${count}, got ${index}`);
    }
    const p = parts.length === 1 ? 0 : partOf(firsts, index);
    const part = parts[p]!;
    const i = index - firsts[p]!;
    into.inputs.set(part.inputs.subarray(i * features, (i + 1) * features), (row - start) * features);
    into.targets[row - start] = part.labels[i]!;
  }
  return size;
}

/** @returns its size. @throws LoaderError INVALID_ARGUMENT unless it lies in [0, count) */
export function requireRange({ start, end }: { start: number; end: number }, count: number): number {
  if (Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end >= start && end <= count)
    return end - start;
  throw new LoaderError('INVALID_ARGUMENT', `expected a range within [0, ${count}), got [${start}, ${end})`);
}

/** @throws LoaderError INVALID_ARGUMENT unless the buffers hold a batch of this size */
export function requireRoom(size: number, features: number, into: BatchBuffers): void {
  if (into.inputs.length >= size * features && into.targets.length >= size) return;
  const room = `${into.inputs.length} inputs and ${into.targets.length} targets`;
  throw new LoaderError('INVALID_ARGUMENT', `expected room for ${size} × ${features} values, got ${room}`);
}

/** A value that is put into memory of another type would be cut. @throws LoaderError INVALID_ARGUMENT */
export function requireType(inputs: Values, into: BatchBuffers): void {
  const [expected, got] = [dtypeOf(inputs), dtypeOf(into.inputs)];
  if (expected !== got) throw new LoaderError('INVALID_ARGUMENT', `expected room for ${expected} inputs, got ${got}`);
}

/** The last part whose first row is not above the row. */
function partOf(firsts: readonly number[], row: number): number {
  let low = 0;
  let high = firsts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (firsts[middle]! <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}
