/** Batches out of a data set held in memory, in the epoch's shuffled order. */
import { epochOrder, gather, type Samples } from '@weft/hdfs-loader';
import type { Batch } from '@weft/models';
import type { BatchSource } from '@weft/trainer';

/**
 * A batch source over whole subsets. Every worker with the same seed computes the same order, so that a lease of
 * positions means the same samples everywhere.
 *
 * @param o.batchSize the largest batch that will be asked for
 */
export function datasetBatches(o: { train: Samples; test: Samples; batchSize: number; seed: number }): BatchSource {
  const { train, test, batchSize, seed } = o;
  const newBuffers = () => ({
    inputs: new Uint8Array(batchSize * train.features),
    targets: new Uint16Array(batchSize),
  });
  let [buffers, others] = [newBuffers(), newBuffers()];
  const natural = Uint32Array.from({ length: test.count }, (_, i) => i);
  let order: { epoch: number; positions: Uint32Array } | null = null;

  const batch = (samples: Samples, positions: Uint32Array, range: { start: number; end: number }): Batch => {
    [buffers, others] = [others, buffers];
    const size = gather(samples, positions, range, buffers);
    return {
      inputs: buffers.inputs.subarray(0, size * samples.features),
      targets: buffers.targets.subarray(0, size),
      size,
    };
  };

  return {
    train: async ({ epoch, start, end }) => {
      if (order?.epoch !== epoch) order = { epoch, positions: epochOrder(train.count, { seed, epoch }) };
      return batch(train, order.positions, { start, end });
    },
    test: async (start, end) => batch(test, natural, { start, end }),
  };
}
