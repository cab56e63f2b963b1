import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSafetensors } from '@weft/safetensors';
import { fileError, LoaderError } from './errors.js';
import { type Manifest, readManifest, type ShardManifest, type SubsetManifest } from './manifest.js';
import { featureCount, type Samples } from './samples.js';
import type { SubsetName } from './sources/source.js';
import { fileStorage } from './storage/file-storage.js';

/** One subset of an open data set. */
export interface Subset {
  readonly name: SubsetName;
  readonly manifest: SubsetManifest;
  /** Number of samples. */
  readonly samples: number;
  /** Values of one sample. */
  readonly features: number;
  /**
   * Reads every shard, checking size, checksum, types, shapes and labels.
   *
   * @throws LoaderError NOT_FOUND, INVALID_SHARD, IO, naming the shard
   */
  load(options?: { signal?: AbortSignal }): Promise<Samples>;
  /** Checks size and checksum of every shard, keeping nothing. @throws LoaderError NOT_FOUND, INVALID_SHARD, IO */
  verify(options?: { signal?: AbortSignal }): Promise<void>;
}

/** A folder of shards with a checked manifest. */
export interface Dataset {
  readonly dir: string;
  readonly manifest: Manifest;
  subset(name: SubsetName): Subset;
}

/**
 * Opens a data set that `writeDataset` made: reads and checks its manifest, no shard yet.
 *
 * @param dir the folder of manifest.json
 * @throws LoaderError INVALID_MANIFEST, IO
 * @example const train = await (await openDataset(dir)).subset('train').load();
 */
export async function openDataset(dir: string): Promise<Dataset> {
  const manifest = await readManifest(fileStorage(), dir);
  return { dir, manifest, subset: (name) => openSubset(dir, manifest, name) };
}

function openSubset(dir: string, manifest: Manifest, name: SubsetName): Subset {
  const subset = manifest.subsets[name];
  const features = featureCount(manifest.inputShape);
  return {
    name,
    manifest: subset,
    samples: subset.samples,
    features,
    async load({ signal } = {}) {
      // Sizes first: what is allocated then is bounded by what lies on the disk.
      for (const shard of subset.shards) await assertSize(dir, shard, shard.samples * features);
      const inputs = new Uint8Array(subset.samples * features);
      const labels = new Uint16Array(subset.samples);
      let row = 0;
      for (const shard of subset.shards) {
        signal?.throwIfAborted();
        const part = decodeShard(join(dir, shard.file), await readShard(dir, shard), { shard, manifest });
        inputs.set(part.inputs, row * features);
        labels.set(part.labels, row);
        row += shard.samples;
      }
      return { inputs, labels, count: subset.samples, features };
    },
    async verify({ signal } = {}) {
      for (const shard of subset.shards) await assertSize(dir, shard, 0);
      for (const shard of subset.shards) {
        signal?.throwIfAborted();
        await readShard(dir, shard);
      }
    },
  };
}

async function assertSize(dir: string, shard: ShardManifest, leastBytes: number): Promise<void> {
  const path = join(dir, shard.file);
  let size: number;
  try {
    ({ size } = await stat(path));
  } catch (cause) {
    throw fileError('read', path, cause);
  }
  if (size !== shard.bytes) {
    throw new LoaderError('INVALID_SHARD', `${path}: expected ${shard.bytes} bytes, got ${size}`);
  }
  if (size < leastBytes) {
    const message = `${path}: expected at least ${leastBytes} bytes for ${shard.samples} samples, got ${size}`;
    throw new LoaderError('INVALID_SHARD', message);
  }
}

async function readShard(dir: string, shard: ShardManifest): Promise<Buffer> {
  const path = join(dir, shard.file);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw fileError('read', path, cause);
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== shard.sha256) {
    throw new LoaderError('INVALID_SHARD', `${path}: expected SHA-256 ${shard.sha256}, got ${sha256}`);
  }
  return bytes;
}

function decodeShard(
  path: string,
  bytes: Uint8Array,
  of: { shard: ShardManifest; manifest: Manifest },
): { inputs: Uint8Array; labels: Uint16Array } {
  const { shard, manifest } = of;
  const refuse = (what: string, cause?: unknown) => new LoaderError('INVALID_SHARD', `${path}: ${what}`, { cause });
  let tensors: ReturnType<typeof decodeSafetensors>['tensors'];
  try {
    ({ tensors } = decodeSafetensors(bytes));
  } catch (cause) {
    throw refuse((cause as Error).message, cause);
  }
  const { inputs, labels } = tensors;
  const shape = [shard.samples, ...manifest.inputShape];
  if (inputs?.dtype !== 'U8' || !sameShape(inputs.shape, shape)) {
    throw refuse(`expected inputs U8 [${shape}], got ${inputs?.dtype} [${inputs?.shape}]`);
  }
  if (labels?.dtype !== 'U16' || !sameShape(labels.shape, [shard.samples])) {
    throw refuse(`expected labels U16 [${shard.samples}], got ${labels?.dtype} [${labels?.shape}]`);
  }
  const row = labels.data.findIndex((label) => label >= manifest.classes);
  if (row >= 0) throw refuse(`row ${row}: expected a label below ${manifest.classes}, got ${labels.data[row]}`);
  return { inputs: inputs.data, labels: labels.data };
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}
