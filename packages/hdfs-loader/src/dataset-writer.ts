import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { encodeSafetensors } from '@weft/safetensors';
import { LoaderError } from './errors.js';
import { type Manifest, type ShardManifest, type SubsetManifest, writeManifest } from './manifest.js';
import { countPerClass, featureCount, type Samples, widenRange } from './samples.js';
import type { OpenSource, Progress, Source, SubsetName } from './sources/source.js';
import { makeStagingFolder, publish } from './staging.js';
import { fileStorage } from './storage/file-storage.js';
import type { Storage } from './storage/storage.js';

/** How `writeDataset` writes. */
export interface WriteOptions {
  /** Samples of a shard, but the last. Default 10,000, or fewer where they would fill 64 MiB. */
  readonly shardSamples?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** A shard that is written, and what its manifest cannot say of it. */
export interface WrittenShard extends ShardManifest {
  /** Samples of each class. */
  readonly perClass: readonly number[];
  /** Of this subset's values up to the end of this shard. */
  readonly range: readonly [number, number];
}

/** Shards by subset, in their order. */
export type WrittenShards = Readonly<Record<SubsetName, readonly WrittenShard[]>>;

const DEFAULT_SHARD_SAMPLES = 10_000;
const DEFAULT_SHARD_BYTES = 1 << 26;
/** A typed array's and a hash's comfort; HDFS blocks are 128 MiB. */
const MAX_SHARD_BYTES = 1 << 30;
const HASH_BYTES = 1 << 22;

/** Bytes that one sample takes in a shard: its values, and two of its label. */
export const sampleBytes = (inputShape: readonly number[]): number => featureCount(inputShape) + 2;

/**
 * Samples of a shard.
 *
 * @param shardBytes as near to it as whole samples come; without it 64 MiB, but at most 10,000 samples, so that a small data set has several shards
 * @throws LoaderError INVALID_ARGUMENT
 */
export function samplesOfShard(inputShape: readonly number[], shardBytes?: number): number {
  const each = sampleBytes(inputShape);
  if (shardBytes === undefined)
    return Math.min(DEFAULT_SHARD_SAMPLES, Math.max(1, Math.floor(DEFAULT_SHARD_BYTES / each)));
  if (!Number.isSafeInteger(shardBytes) || shardBytes < 1 || shardBytes > MAX_SHARD_BYTES) {
    const message = `shardBytes: expected an integer of 1 to ${MAX_SHARD_BYTES}, got ${shardBytes}`;
    throw new LoaderError('INVALID_ARGUMENT', message);
  }
  return Math.max(1, Math.floor(shardBytes / each));
}

/**
 * Converts a source into a data set: shards `train-00000.safetensors` … (tensors `inputs` U8 [n, …inputShape] and `labels`
 * U16 [n]) and, last, manifest.json. All of it is made under a temporary name beside `dir` and then renamed, so `dir`
 * holds a whole data set or nothing. `ingest` does the same over any storage, and goes on where it was stopped.
 *
 * @param dir must not exist, or be an empty folder
 * @throws LoaderError DATASET_EXISTS, INVALID_ARGUMENT, IO, and what reading the source throws
 * @example const manifest = await writeDataset(idxFolder('downloads'), 'data/fashion-mnist');
 */
export async function writeDataset(source: Source, dir: string, options: WriteOptions = {}): Promise<Manifest> {
  const target = resolve(dir);
  // Before the work is done: publish() would refuse it only at the end.
  if (!(await isFree(target))) throw exists(dir);
  const { staging, manifest } = await stageDataset(await source.open(options), target, options);
  try {
    if (await publish(staging, target)) return manifest;
    throw exists(dir);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
}

function exists(dir: string): LoaderError {
  return new LoaderError('DATASET_EXISTS', `${dir}: expected no such folder, or an empty one`);
}

async function isFree(dir: string): Promise<boolean> {
  try {
    return (await readdir(dir)).length === 0;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/**
 * Makes a whole data set in a temporary folder beside `dir`, to be published; removes it again when that fails.
 *
 * @throws as writeDataset, but DATASET_EXISTS
 */
export async function stageDataset(
  source: OpenSource,
  dir: string,
  options: WriteOptions,
): Promise<{ staging: string; manifest: Manifest }> {
  const { shardSamples = samplesOfShard(source.inputShape), onProgress, signal } = options;
  if (!Number.isSafeInteger(shardSamples) || shardSamples < 1) {
    throw new LoaderError('INVALID_ARGUMENT', `shardSamples: expected an integer of 1 or more, got ${shardSamples}`);
  }
  const staging = await makeStagingFolder(dir);
  try {
    let done = 0;
    const manifest = await writeShards(source, {
      storage: fileStorage(),
      dir: staging,
      shardSamples,
      signal,
      onShard(shard) {
        done += shard.samples;
        onProgress?.({ stage: 'write', done, total: totalSamples(source) });
      },
    });
    return { staging, manifest };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
}

/** Samples of both subsets, where they are known by now. */
export function totalSamples(source: OpenSource): number | null {
  const [train, test] = [source.samples('train'), source.samples('test')];
  return train === null || test === null ? null : train + test;
}

/** Where and how shards are written. */
export interface ShardTarget {
  readonly storage: Storage;
  readonly dir: string;
  readonly shardSamples: number;
  /** Of the data set. Default: the source's. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Shards that are there already: reading goes on behind them. */
  readonly kept?: WrittenShards;
  /** Told of samples as they are read. */
  readonly onSamples?: (count: number) => void;
  /** Told of each shard once it is whole in its place; the next one is not written before it has settled. */
  readonly onShard?: (shard: WrittenShard, subset: SubsetName) => void | Promise<void>;
}

/**
 * Writes the shards of a source and then their manifest into a folder. A shard is hashed and written while the next one is
 * filled, so two are in memory.
 *
 * @throws LoaderError INVALID_SOURCE, and what reading and writing throw
 */
export async function writeShards(source: OpenSource, to: ShardTarget): Promise<Manifest> {
  const train = await writeSubset(source, 'train', to);
  const test = await writeSubset(source, 'test', to);
  const manifest: Manifest = {
    format: 'weft-dataset',
    version: 2,
    name: to.name ?? source.name,
    split: source.split,
    note: [source.note, ...(await source.remarks())].join(' '),
    inputShape: source.inputShape,
    dtype: 'uint8',
    classes: source.labelNames.length,
    labelNames: source.labelNames,
    subsets: { train, test },
  };
  to.signal?.throwIfAborted();
  await writeManifest(to.storage, to.dir, manifest, { signal: to.signal });
  return manifest;
}

/** Memory that a shard is filled in. */
interface Filling {
  readonly inputs: Uint8Array;
  readonly labels: Uint16Array;
  count: number;
}

async function writeSubset(source: OpenSource, name: SubsetName, to: ShardTarget): Promise<SubsetManifest> {
  const features = featureCount(source.inputShape);
  const shards = [...(to.kept?.[name] ?? [])];
  const start = shards.reduce((sum, shard) => sum + shard.samples, 0);
  const known = source.samples(name);
  const most = known === null ? to.shardSamples : Math.max(1, Math.min(to.shardSamples, known - start));
  const empty = (): Filling => ({ inputs: new Uint8Array(most * features), labels: new Uint16Array(most), count: 0 });
  let filling = empty();
  let spare: Filling | null = null;
  let writing = Promise.resolve();
  let failed = false;
  const flush = async (): Promise<void> => {
    const full = filling;
    await writing;
    writing = (async () => {
      const shard = await writeShard(full, { source, name, to, before: shards });
      shards.push(shard);
      await to.onShard?.(shard, name);
      full.count = 0;
      spare = full;
    })();
    // It is awaited before the next one; a failure must not be "unhandled" until then.
    writing.catch(() => {
      failed = true;
    });
  };
  try {
    for await (const batch of source.read(name, { start, signal: to.signal })) {
      requireFeatures(batch, name, features);
      // A batch may be many shards.
      for (let row = 0; row < batch.count && !failed; ) {
        to.signal?.throwIfAborted();
        if (filling.count === to.shardSamples) {
          await flush();
          filling = spare ?? empty();
          spare = null;
        }
        const rows = Math.min(batch.count - row, to.shardSamples - filling.count);
        filling.inputs.set(batch.inputs.subarray(row * features, (row + rows) * features), filling.count * features);
        filling.labels.set(batch.labels.subarray(row, row + rows), filling.count);
        filling.count += rows;
        row += rows;
        to.onSamples?.(rows);
      }
      if (failed) break;
    }
    if (filling.count > 0) await flush();
  } finally {
    // Nothing may be written any more once this has ended; its own failure is thrown below.
    await writing.catch(() => {});
  }
  await writing;
  const perClass = new Array<number>(source.labelNames.length).fill(0);
  for (const shard of shards) for (const [label, count] of shard.perClass.entries()) perClass[label]! += count;
  return {
    samples: shards.reduce((sum, shard) => sum + shard.samples, 0),
    perClass,
    range: shards.at(-1)?.range ?? [0, 0],
    shards: shards.map(({ file, samples, bytes, sha256 }) => ({ file, samples, bytes, sha256 })),
  };
}

function requireFeatures(batch: Samples, name: string, features: number): void {
  if (batch.features === features && batch.inputs.length === batch.count * features) return;
  const got = `${batch.inputs.length} values for ${batch.count} samples of ${batch.features}`;
  throw new LoaderError('INVALID_SOURCE', `${name}: expected samples of ${features} values, got ${got}`);
}

async function writeShard(
  { inputs, labels, count }: Filling,
  o: { source: OpenSource; name: SubsetName; to: ShardTarget; before: readonly WrittenShard[] },
): Promise<WrittenShard> {
  const { source, name, to, before } = o;
  const features = featureCount(source.inputShape);
  const samples = { inputs: inputs.subarray(0, count * features), labels: labels.subarray(0, count), count, features };
  const firstRow = before.reduce((sum, shard) => sum + shard.samples, 0);
  const perClass = countPerClass(samples, source.labelNames.length, firstRow);
  const range = widenRange(samples.inputs, before.at(-1)?.range ?? null) ?? [0, 0];
  const file = `${name}-${String(before.length).padStart(5, '0')}.safetensors`;
  // Views: nothing is copied, and a storage that must begin again can.
  const parts = encodeSafetensors({
    inputs: { dtype: 'U8', shape: [count, ...source.inputShape], data: samples.inputs },
    labels: { dtype: 'U16', shape: [count], data: samples.labels },
  });
  const [bytes, sha256] = await Promise.all([
    // An interrupted ingest that is begun again may have left this one, not yet in its journal.
    to.storage.write(`${to.dir}/${file}`, parts, { overwrite: true, signal: to.signal }),
    sha256Of(parts),
  ]);
  return { file, samples: count, bytes, sha256, perClass, range };
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
