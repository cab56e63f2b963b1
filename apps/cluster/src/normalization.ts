/** How the uint8 values of a data set become the inputs of a model: fitted on the training images only. */
import type { Dataset } from '@weft/hdfs-loader';
import { type Affine, MinMaxScaler } from '@weft/preprocessing';
import { ClusterError, interrupted, oneLine } from './errors.js';

/**
 * The affine map of the training images' values onto [0, 1]: x ← scale · x + shift.
 *
 * @throws {ClusterError} `data` when a shard is missing or damaged, or there are no training images; `interrupted`
 * @example await normalizationOf(await openDataset(dir), signal) // { scale: 1/255, shift: 0 } for Fashion-MNIST
 */
export async function normalizationOf(dataset: Dataset, signal: AbortSignal): Promise<Affine> {
  try {
    const { inputs, count, features } = await dataset.subset('train').load({ signal });
    const scaler = new MinMaxScaler({ mode: 'global' });
    await scaler.fit(() => [{ values: inputs, rows: count, features }], { signal });
    return scaler.toAffine();
  } catch (error) {
    if (signal.aborted) throw interrupted();
    throw new ClusterError('data', `data set ${dataset.manifest.name}: ${oneLine(error)}`, { cause: error });
  }
}
