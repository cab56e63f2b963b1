/** Batches for a worker: its groups of training samples, shuffled and augmented, and the test samples as they stand. */
import {
  type Augmentation,
  augmentBatch,
  imageShape,
  newValues,
  OrderedSamples,
  ShuffledSamples,
  type Subset,
} from '@weft/hdfs-loader';
import type { Batch } from '@weft/models';
import type { BatchSource, SampleRange } from '@weft/trainer';

export interface DatasetBatchesOptions {
  readonly train: Subset;
  readonly test: Subset;
  /** Shape of one sample. */
  readonly inputShape: readonly number[];
  /** The largest batch that will be asked for. */
  readonly batchSize: number;
  readonly seed: number;
  /** Bytes of training samples that are shuffled together; up to twice as many are in memory, and once as many of the test samples. */
  readonly shuffleBytes: number;
  /** In the order in which they are applied; images only. */
  readonly augment: readonly Augmentation[];
}

/** A batch source, and its start. */
export interface DatasetBatches extends Required<BatchSource> {
  /** Reads what the worker begins with. @throws {LoaderError} that names the shard */
  load(first: SampleRange | null): Promise<void>;
}

/**
 * A batch source over the shards of a data set. Every worker with the same seed computes the same order, so that a lease of
 * positions means the same samples everywhere.
 *
 * @throws {LoaderError} INVALID_ARGUMENT for augmentations of what is no image
 */
export function datasetBatches(o: DatasetBatchesOptions): DatasetBatches {
  const { batchSize, seed, augment } = o;
  const train = new ShuffledSamples({ subset: o.train, seed, shuffleBytes: o.shuffleBytes });
  const test = new OrderedSamples({ subset: o.test, bufferBytes: o.shuffleBytes });
  const shape = augment.length > 0 ? imageShape(o.inputShape) : null;
  const { features, dtype } = o.train;
  const newBuffers = () => ({
    inputs: newValues(dtype, batchSize * features),
    targets: new Uint16Array(batchSize),
  });
  let [buffers, others] = [newBuffers(), newBuffers()];
  const nextBuffers = () => {
    [buffers, others] = [others, buffers];
    return buffers;
  };
  const batchOf = ({ inputs, targets }: typeof buffers, size: number): Batch => ({
    inputs: inputs.subarray(0, size * features),
    targets: targets.subarray(0, size),
    size,
  });
  return {
    load: async (first) => {
      await Promise.all([first && train.enter(first), test.load()]);
    },
    begin: (range, upcoming) => train.enter(range, upcoming),
    train: async (range) => {
      if (!train.has(range)) await train.enter(range);
      const into = nextBuffers();
      const batch = batchOf(into, train.gather(range, into));
      if (shape) {
        const { epoch, start } = range;
        augmentBatch(batch.inputs, augment, { shape, seed, epoch, start });
      }
      return batch;
    },
    test: async (start, end) => {
      const into = nextBuffers();
      return batchOf(into, await test.gather({ start, end }, into));
    },
  };
}
