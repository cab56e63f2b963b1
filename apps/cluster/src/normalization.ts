/** How the values of a data set become the inputs of a model. */
import type { Manifest } from '@weft/hdfs-loader';
import { type Affine, MinMaxScaler } from '@weft/preprocessing';

/**
 * The affine map of the training images' values onto [0, 1]: x ← scale · x + shift. Their range stands in the manifest, so that
 * nothing is read. Real numbers are what preprocessing made them, and stay so.
 *
 * @example normalizationOf(dataset.manifest) // { scale: 1/255, shift: 0 } for Fashion-MNIST
 */
export function normalizationOf({ dtype, subsets }: Pick<Manifest, 'dtype' | 'subsets'>): Affine {
  if (dtype === 'float32') return { scale: 1, shift: 0 };
  const [min, max] = subsets.train.range;
  return MinMaxScaler.ofBounds(min, max).toAffine();
}
