import { dtypeOf, type Samples, sliceSamples } from '../samples.js';
import type { OpenSource, Source, SubsetName } from './source.js';

/** Samples that are in memory, and what is to be said of them. */
export interface InMemory
  extends Pick<OpenSource, 'name' | 'split' | 'note' | 'inputShape' | 'labelNames' | 'fingerprint'> {
  readonly train: Samples;
  readonly test: Samples;
  readonly remarks?: readonly string[];
}

const BATCH_SAMPLES = 4096;

/**
 * A source of samples that are in memory already, pixels or real numbers.
 *
 * @example await writeDataset(samplesSource({ name: 'mine', split: 'mine', note: '', inputShape: [28, 28, 1], labelNames, fingerprint: '00', train, test }), 'data/mine');
 */
export function samplesSource(held: InMemory): Source {
  const { train, test, remarks = [], ...described } = held;
  const of: Record<SubsetName, Samples> = { train, test };
  return {
    open: () =>
      Promise.resolve({
        ...described,
        dtype: dtypeOf(train.inputs),
        samples: (subset) => of[subset].count,
        read: (subset, options) => batchesOf(of[subset], options),
        remarks: () => Promise.resolve(remarks),
      }),
    close: () => Promise.resolve(),
  };
}

/** Samples in memory as batches: views. */
export async function* batchesOf(
  samples: Samples,
  options: { start?: number; signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Samples> {
  for (let row = options.start ?? 0; row < samples.count; row += BATCH_SAMPLES) {
    options.signal?.throwIfAborted();
    yield sliceSamples(samples, row, Math.min(samples.count, row + BATCH_SAMPLES));
  }
}
