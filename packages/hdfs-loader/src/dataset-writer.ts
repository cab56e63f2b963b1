import { readdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { LoaderError } from './errors.js';
import { type Manifest, manifestOf, writeManifest } from './manifest.js';
import {
  DTYPES,
  type Dtype,
  dtypeOf,
  featureCount,
  newValues,
  type Samples,
  sliceSamples,
  type Values,
} from './samples.js';
import { requireShape, type WrittenShard, writeShard } from './shard-writer.js';
import { BAD_IMAGES_FILE, countLeftOut, type LeftOut, leftOutReport, leftOutSentence } from './sources/bad-images.js';
import type { LeftOutRow, OpenSource, Progress, Source, SubsetName } from './sources/source.js';
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

/** Shards by subset, in their order. */
export type WrittenShards = Readonly<Record<SubsetName, readonly WrittenShard[]>>;

const DEFAULT_SHARD_SAMPLES = 10_000;
const DEFAULT_SHARD_BYTES = 1 << 26;
/** A typed array's and a hash's comfort; HDFS blocks are 128 MiB. */
const MAX_SHARD_BYTES = 1 << 30;

/** Bytes that one sample takes in a shard: its values, and two of its label. */
export const sampleBytes = (inputShape: readonly number[], dtype: Dtype): number =>
  featureCount(inputShape) * DTYPES[dtype].bytes + 2;

/**
 * Samples of a shard.
 *
 * @param shardBytes as near to it as whole samples come; without it 64 MiB, but at most 10,000 samples, so that a small data set has several shards
 * @throws LoaderError INVALID_ARGUMENT
 */
export function samplesOfShard(inputShape: readonly number[], dtype: Dtype, shardBytes?: number): number {
  const each = sampleBytes(inputShape, dtype);
  if (shardBytes === undefined)
    return Math.min(DEFAULT_SHARD_SAMPLES, Math.max(1, Math.floor(DEFAULT_SHARD_BYTES / each)));
  if (!Number.isSafeInteger(shardBytes) || shardBytes < 1 || shardBytes > MAX_SHARD_BYTES) {
    const message = `shardBytes: expected an integer of 1 to ${MAX_SHARD_BYTES}, got ${shardBytes}`;
    throw new LoaderError('INVALID_ARGUMENT', message);
  }
  return Math.max(1, Math.floor(shardBytes / each));
}

/**
 * Converts a source into a data set: shards `train-00000.safetensors` … (tensors `inputs` U8 or F32
 * [n, …inputShape] and `labels` U16 [n]) and, last, manifest.json. All of it is made under a temporary name beside `dir` and then renamed, so `dir`
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
  const { shardSamples = samplesOfShard(source.inputShape, source.dtype ?? 'uint8'), onProgress, signal } = options;
  if (!Number.isSafeInteger(shardSamples) || shardSamples < 1) {
    throw new LoaderError('INVALID_ARGUMENT', `shardSamples: expected an integer of 1 or more, got ${shardSamples}`);
  }
  const staging = await makeStagingFolder(dir);
  try {
    let done = 0;
    const storage = fileStorage();
    const leftOut = [...(source.leftOut ?? [])];
    const shards = await writeShards(source, {
      storage,
      dir: staging,
      shardSamples,
      signal,
      onShard({ samples }) {
        done += samples;
        onProgress?.({ stage: 'write', done, total: totalSamples(source) });
      },
      onLeftOut: (file) => leftOut.push(file),
    });
    const manifest = manifestOf({ name: source.name, ...(await describe(source, leftOut)) }, shards);
    signal?.throwIfAborted();
    if (leftOut.length > 0) await storage.write(`${staging}/${BAD_IMAGES_FILE}`, leftOutReport(leftOut), { signal });
    await writeManifest(storage, staging, manifest, { signal });
    return { staging, manifest };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
}

/** Rows of both subsets, where they are known by now. */
export function totalSamples(source: OpenSource): number | null {
  const [train, test] = [source.samples('train'), source.samples('test')];
  return train === null || test === null ? null : train + test;
}

/** Where and how shards are written. */
export interface ShardTarget {
  readonly storage: Storage;
  readonly dir: string;
  readonly shardSamples: number;
  readonly signal?: AbortSignal | undefined;
  /** Shards that are there already: reading goes on behind them. */
  readonly kept?: WrittenShards;
  /** The source's first row behind them. Default: as many as they have samples. */
  readonly start?: Readonly<Record<SubsetName, number>>;
  /** Told of samples as they are read. */
  readonly onSamples?: (count: number) => void;
  /** Told of each shard once it is whole in its place; the next one is not written before it has settled. */
  readonly onShard?: (shard: WrittenShard, at: ShardPlace) => void | Promise<void>;
  /** Told of each file that reading leaves out. */
  readonly onLeftOut?: (file: LeftOut) => void;
}

/** Where a shard stands, and where the source stood behind it. */
export interface ShardPlace {
  readonly subset: SubsetName;
  readonly index: number;
  /** The source's first row behind it; null where the source leaves none out, and the samples tell. */
  readonly next: number | null;
  /** Left out since the shard before it. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * What a source's manifest says of it, but its name. To be asked after reading.
 *
 * @param leftOut all files that were left out
 */
export async function describe(
  source: OpenSource,
  leftOut: readonly LeftOut[],
): Promise<Pick<Manifest, 'split' | 'note' | 'inputShape' | 'dtype' | 'labelNames'>> {
  const { split, inputShape, dtype = 'uint8', labelNames } = source;
  const sentence = leftOutSentence(countLeftOut(leftOut));
  const note = [source.note, ...(await source.remarks()), ...(sentence === null ? [] : [`${sentence}.`])].join(' ');
  return { split, note, inputShape, dtype, labelNames };
}

/**
 * Writes the shards of a source into a folder. A shard is hashed and written while the next one is filled, so two are in memory.
 *
 * @returns all shards, those that were there included
 * @throws LoaderError INVALID_SOURCE, and what reading and writing throw
 */
export async function writeShards(source: OpenSource, to: ShardTarget): Promise<WrittenShards> {
  return { train: await writeSubset(source, 'train', to), test: await writeSubset(source, 'test', to) };
}

/** Memory that a shard is filled in. */
interface Filling {
  readonly inputs: Values;
  readonly labels: Uint16Array;
  count: number;
}

async function writeSubset(source: OpenSource, name: SubsetName, to: ShardTarget): Promise<WrittenShard[]> {
  const { inputShape, labelNames, dtype = 'uint8' } = source;
  const features = featureCount(inputShape);
  const shards = [...(to.kept?.[name] ?? [])];
  const start = to.start?.[name] ?? shards.reduce((sum, shard) => sum + shard.samples, 0);
  const known = source.samples(name);
  const most = known === null ? to.shardSamples : Math.max(1, Math.min(to.shardSamples, known - start));
  const empty = (): Filling => ({
    inputs: newValues(dtype, most * features),
    labels: new Uint16Array(most),
    count: 0,
  });
  let filling = empty();
  let spare: Filling | null = null;
  let writing = Promise.resolve();
  let failed = false;
  let next: number | null = null;
  let leftOut: LeftOutRow[] = [];
  const flush = async (): Promise<void> => {
    const full = filling;
    // What lies behind the last sample belongs to the next shard: who goes on behind this one finds it again.
    const behind = next;
    const isBefore = ({ row }: LeftOutRow): boolean => behind !== null && row < behind;
    const place = { subset: name, next: behind, leftOut: leftOut.filter(isBefore).map(plain) };
    leftOut = leftOut.filter((file) => !isBefore(file));
    await writing;
    writing = (async () => {
      const index = shards.length;
      const shard = await writeShard(to, {
        subset: name,
        index,
        inputShape,
        classes: labelNames.length,
        samples: sliceSamples({ ...full, features }, 0, full.count),
        firstRow: shards.reduce((sum, { samples }) => sum + samples, 0),
        signal: to.signal,
      });
      shards.push(shard);
      await to.onShard?.(shard, { ...place, index });
      full.count = 0;
      spare = full;
    })();
    // It is awaited before the next one; a failure must not be "unhandled" until then.
    writing.catch(() => {
      failed = true;
    });
  };
  try {
    const onLeftOut = (file: LeftOutRow): void => {
      leftOut.push(file);
      to.onLeftOut?.(plain(file));
    };
    for await (const batch of source.read(name, { start, signal: to.signal, onLeftOut })) {
      requireBatch(batch, { name, inputShape, dtype });
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
        if (batch.rows) next = batch.rows[row - 1]! + 1;
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
  return shards;
}

const plain = ({ file, subset, reason }: LeftOutRow): LeftOut => ({ file, subset, reason });

function requireBatch(batch: Samples, o: { name: string; inputShape: readonly number[]; dtype: Dtype }): void {
  requireShape(batch, o.inputShape, o.name);
  const dtype = dtypeOf(batch.inputs);
  if (dtype === o.dtype) return;
  throw new LoaderError('INVALID_SOURCE', `${o.name}: expected ${o.dtype} values, got ${dtype}`);
}
