/** One file of a data set: written, hashed and described. */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { encodeSafetensors, type Tensor } from '@weft/safetensors';
import { LoaderError } from './errors.js';
import type { ShardManifest } from './manifest.js';
import { countPerClass, featureCount, rangeOf, type Samples } from './samples.js';
import type { SubsetName } from './sources/source.js';
import type { Storage } from './storage/storage.js';

/** A shard that is written, and what its manifest cannot say of it. */
export interface WrittenShard extends ShardManifest {
  /** Samples of each class. */
  readonly perClass: readonly number[];
  /** Its smallest and its largest value. */
  readonly range: readonly [number, number];
}

/** What is written, and as what. */
export interface ShardContent {
  readonly subset: SubsetName;
  /** Number within the subset, from 0. */
  readonly index: number;
  /** Shape of one sample. */
  readonly inputShape: readonly number[];
  readonly classes: number;
  readonly samples: Samples;
  /** What the first sample's row is called in messages. Default 0. */
  readonly firstRow?: number;
  readonly signal?: AbortSignal | undefined;
}

const HASH_BYTES = 1 << 22;

/** `train`, 3 → `train-00003.safetensors`. */
export const shardFile = (subset: SubsetName, index: number): string =>
  `${subset}-${String(index).padStart(5, '0')}.safetensors`;

/** Names that `shardFile` gives. */
export const SHARD_FILE = /^(?:train|test)-\d{5,}\.safetensors$/;

/**
 * Writes one shard: tensors `inputs` (U8 or F32, as the samples are) [n, …inputShape] and `labels` U16 [n]. Shards may be written
 * in any order and by any number of processes; one that is there is replaced.
 *
 * @param to the folder, as of `StagedShards.dir`
 * @throws LoaderError INVALID_SOURCE, naming the row, for labels out of range, values that are not finite, or samples of another shape; and what writing throws
 * @example const shard = await writeShard({ storage, dir: staged.dir }, { subset: 'train', index: 3, inputShape, classes: 46, samples });
 */
export async function writeShard(
  to: { readonly storage: Storage; readonly dir: string },
  o: ShardContent,
): Promise<WrittenShard> {
  const { subset, index, inputShape, classes, samples, firstRow = 0, signal } = o;
  requireShape(samples, inputShape, subset);
  const perClass = countPerClass(samples, classes, firstRow);
  const range = rangeOf(samples, firstRow);
  const file = shardFile(subset, index);
  const { inputs, labels, count } = samples;
  const shape = [count, ...inputShape];
  const tensor: Tensor =
    inputs instanceof Float32Array ? { dtype: 'F32', shape, data: inputs } : { dtype: 'U8', shape, data: inputs };
  // Views: nothing is copied, and a storage that must begin again can.
  const parts = encodeSafetensors({ inputs: tensor, labels: { dtype: 'U16', shape: [count], data: labels } });
  const [bytes, sha256] = await Promise.all([
    // One that was interrupted and is begun again may have left this file, not yet in its journal.
    to.storage.write(`${to.dir}/${file}`, parts, { overwrite: true, signal }),
    sha256Of(parts),
  ]);
  return { file, samples: count, bytes, sha256, perClass, range };
}

/** @throws LoaderError INVALID_SOURCE unless these are samples of a shape */
export function requireShape(samples: Samples, inputShape: readonly number[], where: string): void {
  const features = featureCount(inputShape);
  const { inputs, labels, count } = samples;
  if (samples.features === features && inputs.length === count * features && labels.length === count) return;
  const got = `${inputs.length} values for ${count} samples of ${samples.features}`;
  throw new LoaderError('INVALID_SOURCE', `${where}: expected samples of ${features} values, got ${got}`);
}

/** In steps, so that decoding and writing go on in between. */
async function sha256Of(parts: readonly Uint8Array[]): Promise<string> {
  const hash = createHash('sha256');
  for (const part of parts) {
    for (let at = 0; at < part.length; at += HASH_BYTES) {
      hash.update(part.subarray(at, at + HASH_BYTES));
      await setImmediate();
    }
  }
  return hash.digest('hex');
}
