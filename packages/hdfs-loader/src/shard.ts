/** One file of a data set: read into given memory, and checked. */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { decodeSafetensors } from '@weft/safetensors';
import { LoaderError } from './errors.js';
import type { Manifest, ShardManifest } from './manifest.js';
import { DTYPES, featureCount, type Samples } from './samples.js';
import type { CallOptions, Storage } from './storage/storage.js';

/** A shard, and where it is. */
export interface ShardFile {
  readonly storage: Storage;
  readonly path: string;
  readonly shard: ShardManifest;
  readonly manifest: Manifest;
}

/** Hashed at a time: about half a millisecond, after which the event loop has its turn. */
const HASH_BYTES = 1 << 18;

const refusal = (path: string, what: string, cause?: unknown) =>
  new LoaderError('INVALID_SHARD', `${path}: ${what}`, { cause });

/** @throws LoaderError NOT_FOUND; INVALID_SHARD unless the file has the manifest's size */
export async function requireSize({ storage, path, shard }: ShardFile, options: CallOptions): Promise<void> {
  const { length } = await storage.stat(path, options);
  if (length !== shard.bytes) throw refusal(path, `expected ${shard.bytes} bytes, got ${length}`);
}

/** @throws LoaderError INVALID_SHARD when the manifest's size cannot hold its samples */
export function requireRoom({ path, shard, manifest }: ShardFile): void {
  const least = shard.samples * featureCount(manifest.inputShape) * DTYPES[manifest.dtype].bytes;
  if (shard.bytes >= least) return;
  throw refusal(path, `expected at least ${least} bytes for ${shard.samples} samples, got ${shard.bytes}`);
}

/** Reads a shard from end to end, keeping nothing. @throws LoaderError INVALID_SHARD when its checksum is not the manifest's */
export async function verifyShard(file: ShardFile, options: CallOptions): Promise<void> {
  const hash = createHash('sha256');
  for await (const piece of file.storage.read(file.path, { ...options, reuse: true })) hash.update(piece);
  requireDigest(file, hash.digest('hex'));
}

/**
 * Reads a shard, and checks size, checksum, layout, shapes and labels.
 *
 * @param into at least the shard's bytes; at an address that is a multiple of 8, nothing is copied
 * @param options.checked size and checksum were found right before, and are not looked at again
 * @returns views of `into`
 * @throws LoaderError NOT_FOUND, INVALID_SHARD, INVALID_ARGUMENT, and what the storage throws
 */
export async function readShard(
  file: ShardFile,
  into: Uint8Array,
  options: CallOptions & { readonly checked: boolean },
): Promise<Samples> {
  const { storage, path, shard } = file;
  const { checked, signal } = options;
  if (into.length < shard.bytes) {
    throw new LoaderError('INVALID_ARGUMENT', `${path}: expected room for ${shard.bytes} bytes, got ${into.length}`);
  }
  requireRoom(file);
  if (!checked) await requireSize(file, options);
  const bytes = into.subarray(0, shard.bytes);
  await storage.readInto(path, bytes, { signal });
  if (!checked) {
    const hash = createHash('sha256');
    for (let at = 0; at < bytes.length; at += HASH_BYTES) {
      hash.update(bytes.subarray(at, at + HASH_BYTES));
      await setImmediate();
      signal?.throwIfAborted();
    }
    requireDigest(file, hash.digest('hex'));
  }
  return samplesOf(file, bytes);
}

function requireDigest({ path, shard }: ShardFile, digest: string): void {
  if (digest !== shard.sha256) throw refusal(path, `expected SHA-256 ${shard.sha256}, got ${digest}`);
}

function samplesOf({ path, shard, manifest }: ShardFile, bytes: Uint8Array): Samples {
  let tensors: ReturnType<typeof decodeSafetensors>['tensors'];
  try {
    ({ tensors } = decodeSafetensors(bytes));
  } catch (cause) {
    throw refusal(path, (cause as Error).message, cause);
  }
  const { inputs, labels } = tensors;
  const { samples: count } = shard;
  const shape = [count, ...manifest.inputShape];
  const { tensor } = DTYPES[manifest.dtype];
  if (
    (inputs?.dtype !== 'U8' && inputs?.dtype !== 'F32') ||
    inputs.dtype !== tensor ||
    !sameShape(inputs.shape, shape)
  ) {
    throw refusal(path, `expected inputs ${tensor} [${shape}], got ${inputs?.dtype} [${inputs?.shape}]`);
  }
  if (labels?.dtype !== 'U16' || !sameShape(labels.shape, [count])) {
    throw refusal(path, `expected labels U16 [${count}], got ${labels?.dtype} [${labels?.shape}]`);
  }
  const row = labels.data.findIndex((label) => label >= manifest.classes);
  if (row >= 0) throw refusal(path, `row ${row}: expected a label below ${manifest.classes}, got ${labels.data[row]}`);
  return { inputs: inputs.data, labels: labels.data, count, features: featureCount(manifest.inputShape) };
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}
