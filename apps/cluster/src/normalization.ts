/** How the uint8 values of a data set become the inputs of a model. */
import type { Manifest } from '@weft/hdfs-loader';
import { type Affine, MinMaxScaler } from '@weft/preprocessing';

/**
 * The affine map of the training images' values onto [0, 1]: x ← scale · x + shift. Their range stands in the manifest, so that
 * nothing is read.
 *
 * @example normalizationOf(dataset.manifest) // { scale: 1/255, shift: 0 } for Fashion-MNIST
 */
export function normalizationOf({ subsets }: Manifest): Affine {
  const [min, max] = subsets.train.range;
  return MinMaxScaler.ofBounds(min, max).toAffine();
}
