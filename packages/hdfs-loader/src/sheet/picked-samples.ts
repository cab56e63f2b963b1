import { decodeSafetensorsHeader, type TensorRange } from '@weft/safetensors';
import { LoaderError } from '../errors.js';
import type { Manifest, ShardManifest } from '../manifest.js';
import { DTYPES, featureCount, newValues, type Values } from '../samples.js';
import type { SubsetName } from '../sources/source.js';
import type { CallOptions, Storage } from '../storage/storage.js';

/** More than the header of a shard takes. */
const HEADER_BYTES = 4096;

/**
 * The first samples of each class, read by ranges: the labels of as many shards as it takes, and the pixels of what is picked.
 *
 * @param from where the data set is
 * @param options.perClass samples of a class, where it has so many
 * @returns by class, values in rows of height × width × channels
 * @throws LoaderError INVALID_SHARD, and what the storage throws
 */
export async function pickSamples(
  from: { readonly storage: Storage; readonly path: string; readonly manifest: Manifest },
  options: CallOptions & { subset: SubsetName; perClass: number },
): Promise<Values[][]> {
  const { storage, manifest } = from;
  const { subset, perClass, signal } = options;
  const { shards, perClass: available } = manifest.subsets[subset];
  const picked: Values[][] = available.map(() => []);
  const features = featureCount(manifest.inputShape);
  for (const shard of shards) {
    if (picked.every((images, label) => images.length >= Math.min(perClass, available[label]!))) break;
    const path = `${from.path}/${shard.file}`;
    const { inputs, labels } = await tensorsOf(storage, path, { shard, manifest, signal });
    const bytes = new Uint8Array(shard.samples * 2);
    await storage.readInto(path, bytes, { offset: labels.begin, signal });
    for (const [row, label] of new Uint16Array(bytes.buffer).entries()) {
      const images = picked[label];
      if (!images) {
        throw new LoaderError(
          'INVALID_SHARD',
          `${path}: row ${row}: expected a label below ${manifest.classes}, got ${label}`,
        );
      }
      if (images.length >= perClass) continue;
      const image = newValues(manifest.dtype, features);
      const into = new Uint8Array(image.buffer);
      await storage.readInto(path, into, { offset: inputs.begin + row * into.length, signal });
      images.push(image);
    }
  }
  return picked;
}

async function tensorsOf(
  storage: Storage,
  path: string,
  o: { shard: ShardManifest; manifest: Manifest; signal: AbortSignal | undefined },
): Promise<{ inputs: TensorRange; labels: TensorRange }> {
  const { shard, manifest, signal } = o;
  const first = new Uint8Array(Math.min(HEADER_BYTES, shard.bytes));
  const { length } = await storage.stat(path, { signal });
  const refuse = (what: string): LoaderError => new LoaderError('INVALID_SHARD', `${path}: ${what}`);
  if (length !== shard.bytes) throw refuse(`expected ${shard.bytes} bytes, got ${length}`);
  await storage.readInto(path, first, { signal });
  let tensors: ReturnType<typeof decodeSafetensorsHeader>['tensors'];
  try {
    ({ tensors } = decodeSafetensorsHeader(first, shard.bytes));
  } catch (error) {
    throw refuse((error as Error).message);
  }
  const { inputs, labels } = tensors;
  const shape = [shard.samples, ...manifest.inputShape];
  const { tensor } = DTYPES[manifest.dtype];
  if (inputs?.dtype !== tensor || `${inputs.shape}` !== `${shape}`)
    throw refuse(`expected inputs ${tensor} [${shape}]`);
  if (labels?.dtype !== 'U16' || `${labels.shape}` !== `${shard.samples}`)
    throw refuse(`expected labels U16 [${shard.samples}]`);
  return { inputs, labels };
}
