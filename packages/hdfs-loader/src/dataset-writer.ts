import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { encodeSafetensors, type Tensor, writeSafetensors } from '@weft/safetensors';
import { LoaderError } from './errors.js';
import { type Manifest, type ShardManifest, type SubsetManifest, writeManifest } from './manifest.js';
import { countPerClass, featureCount, type Samples, sliceSamples, widenRange } from './samples.js';
import type { Progress, Source } from './sources/source.js';
import { makeStagingFolder, publish } from './staging.js';

/** How `writeDataset` writes. */
export interface WriteOptions {
  /** Samples of a shard, but the last. Default 10,000: 7.8 MB of 28 × 28 images. */
  readonly shardSamples?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

const DEFAULT_SHARD_SAMPLES = 10_000;

/**
 * Converts a source into a data set: shards `train-00000.safetensors` … (tensors `inputs` U8 [n, …inputShape] and `labels`
 * U16 [n]) and, last, manifest.json. All of it is made under a temporary name beside `dir` and then renamed, so `dir`
 * holds a whole data set or nothing.
 *
 * @param dir must not exist, or be an empty folder
 * @throws LoaderError DATASET_EXISTS, INVALID_ARGUMENT, IO, and what source.load() throws
 * @example const manifest = await writeDataset(idxFolder('downloads'), 'data/fashion-mnist');
 */
export async function writeDataset(source: Source, dir: string, options: WriteOptions = {}): Promise<Manifest> {
  const target = resolve(dir);
  // Before the work is done: publish() would refuse it only at the end.
  if (!(await isFree(target))) throw exists(dir);
  const { staging, manifest } = await stageDataset(source, target, options);
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
  source: Source,
  dir: string,
  options: WriteOptions,
): Promise<{ staging: string; manifest: Manifest }> {
  const { shardSamples = DEFAULT_SHARD_SAMPLES, onProgress, signal } = options;
  if (!Number.isSafeInteger(shardSamples) || shardSamples < 1) {
    throw new LoaderError('INVALID_ARGUMENT', `shardSamples: expected an integer of 1 or more, got ${shardSamples}`);
  }
  const { train, test, remarks = [] } = await source.load(options);
  const staging = await makeStagingFolder(dir);
  try {
    const total = train.count + test.count;
    let done = 0;
    const write = (name: string, samples: Samples) =>
      writeSubset(samples, name, {
        staging,
        source,
        shardSamples,
        onShard(written) {
          done += written;
          onProgress?.({ stage: 'write', done, total });
        },
        signal,
      });
    const manifest: Manifest = {
      format: 'weft-dataset',
      version: 2,
      name: source.name,
      split: source.split,
      note: [source.note, ...remarks].join(' '),
      inputShape: source.inputShape,
      dtype: 'uint8',
      classes: source.labelNames.length,
      labelNames: source.labelNames,
      subsets: { train: await write('train', train), test: await write('test', test) },
    };
    await writeManifest(staging, manifest);
    return { staging, manifest };
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
}

interface SubsetTarget {
  readonly staging: string;
  readonly source: Source;
  readonly shardSamples: number;
  readonly onShard: (samples: number) => void;
  readonly signal: AbortSignal | undefined;
}

async function writeSubset(samples: Samples, name: string, to: SubsetTarget): Promise<SubsetManifest> {
  const features = featureCount(to.source.inputShape);
  if (samples.features !== features || samples.inputs.length !== samples.count * features) {
    const got = `${samples.inputs.length} values for ${samples.count} samples of ${samples.features}`;
    throw new LoaderError('INVALID_SOURCE', `${name}: expected samples of ${features} values, got ${got}`);
  }
  const perClass = countPerClass(samples, to.source.labelNames.length);
  const shards: ShardManifest[] = [];
  const range = widenRange(samples.inputs, null) ?? [0, 0];
  for (let start = 0; start < samples.count; start += to.shardSamples) {
    to.signal?.throwIfAborted();
    const shard = sliceSamples(samples, start, Math.min(samples.count, start + to.shardSamples));
    shards.push(await writeShard(shard, `${name}-${String(shards.length).padStart(5, '0')}.safetensors`, to));
    to.onShard(shard.count);
  }
  return { samples: samples.count, perClass, range, shards };
}

async function writeShard(shard: Samples, file: string, to: SubsetTarget): Promise<ShardManifest> {
  const tensors: Record<string, Tensor> = {
    inputs: { dtype: 'U8', shape: [shard.count, ...to.source.inputShape], data: shard.inputs },
    labels: { dtype: 'U16', shape: [shard.count], data: shard.labels },
  };
  const hash = createHash('sha256');
  let bytes = 0;
  // The same bytes that writeSafetensors lays out: views, so no copy is made for the checksum.
  for (const part of encodeSafetensors(tensors)) {
    hash.update(part);
    bytes += part.length;
  }
  await writeSafetensors(join(to.staging, file), tensors);
  return { file, samples: shard.count, bytes, sha256: hash.digest('hex') };
}
