import { performance } from 'node:perf_hooks';
import { describe, sampleBytes, samplesOfShard, totalSamples, writeShards } from '../dataset-writer.js';
import type { Manifest } from '../manifest.js';
import { BAD_IMAGES_FILE, countLeftOut, type LeftOutCounts, leftOutReport } from '../sources/bad-images.js';
import type { Progress, Source } from '../sources/source.js';
import type { Storage } from '../storage/storage.js';
import { destinationAt, requireFree } from './destination.js';
import { positionOf, readPosition } from './source-position.js';
import { type StageOptions, stageShards } from './staged-shards.js';

/** How far an ingest is. */
export interface IngestProgress {
  /** Read so far, those of earlier processes included. */
  readonly samples: number;
  /** null where the source does not know yet. */
  readonly totalSamples: number | null;
  /** What those samples take in shards. */
  readonly bytes: number;
  /** Of `samples`, those that earlier processes have written. */
  readonly keptSamples: number;
}

/** How `ingest` works. All of it may be left out. */
export interface IngestOptions extends StageOptions {
  /** Of the data set. Default: the source's. */
  readonly name?: string | undefined;
  /** Bytes of a shard, as near as whole samples come; at most 1 GiB. Default 64 MiB, but at most 10,000 samples. */
  readonly shardBytes?: number | undefined;
  /** Takes listing and reading as the source tells of them. */
  readonly onSourceProgress?: ((progress: Progress) => void) | undefined;
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined;
}

/** What an ingest did. */
export interface IngestResult {
  readonly manifest: Manifest;
  /** Samples that this call wrote, and that it found written. */
  readonly madeSamples: number;
  readonly keptSamples: number;
  /** Bytes of all shards. */
  readonly bytes: number;
  /** Files that were left out, by earlier processes too; `bad-images.json` beside the manifest names them. */
  readonly leftOut: LeftOutCounts;
  /** From opening the source to the last rename. */
  readonly seconds: number;
}

/**
 * Converts a source into a data set on any storage: shards and, last, their manifest, in a folder `.NAME.ingest` beside the
 * destination, which is then renamed. What is at the destination is always whole. After a kill -9 the same call goes on
 * behind the shards that are finished, and the bytes are those of an undisturbed one, those of the report of files that were left out too.
 *
 * @param destination what openStorage gives for the folder that is to be
 * @throws LoaderError DATASET_EXISTS, LOCKED, OTHER_INGEST, INVALID_ARGUMENT, and what reading the source and writing throw
 * @example await ingest(await sourceOf('photos'), openStorage('hdfs://namenode:9870/data/photos'), { onNotice: console.error });
 */
export async function ingest(
  source: Source,
  destination: { readonly storage: Storage; readonly path: string },
  options: IngestOptions = {},
): Promise<IngestResult> {
  const { storage, path } = destination;
  const { signal, restart, overwrite = false, onNotice } = options;
  const startedMs = performance.now();
  // Before anything takes time; stageShards looks again.
  await requireFree(destinationAt(storage, path), { overwrite, signal });
  const opened = await source.open({ signal, onProgress: options.onSourceProgress });
  const { inputShape, dtype = 'uint8', fingerprint } = opened;
  const shardSamples = samplesOfShard(inputShape, dtype, options.shardBytes);
  const plan = { fingerprint, name: options.name ?? opened.name, shardSamples };
  const staged = await stageShards(destination, plan, { restart, overwrite, signal, onNotice });
  try {
    const kept = { train: staged.prefix('train'), test: staged.prefix('test') };
    const [train, test] = [readPosition(kept.train, staged.dir), readPosition(kept.test, staged.dir)];
    const leftOut = [...(opened.leftOut ?? []), ...train.leftOut, ...test.leftOut];
    let leftOutRows = train.leftOut.length + test.leftOut.length;
    const keptSamples = [...kept.train, ...kept.test].reduce((sum, shard) => sum + shard.samples, 0);
    let samples = keptSamples;
    const tell = (more: number): void => {
      samples += more;
      const bytes = samples * sampleBytes(inputShape, dtype);
      const rows = totalSamples(opened);
      options.onProgress?.({ samples, totalSamples: rows === null ? null : rows - leftOutRows, bytes, keptSamples });
    };
    tell(0);
    await writeShards(opened, {
      storage,
      dir: staged.dir,
      shardSamples,
      signal,
      kept,
      start: { train: train.next, test: test.next },
      onSamples: tell,
      onShard: (shard, place) => staged.add(place.subset, place.index, shard, positionOf(place)),
      onLeftOut: (file) => {
        leftOut.push(file);
        leftOutRows++;
      },
    });
    if (leftOut.length > 0) await staged.writeFile(`data/${BAD_IMAGES_FILE}`, leftOutReport(leftOut));
    const manifest = await staged.finish(await describe(opened, leftOut));
    const { subsets } = manifest;
    const bytes = [...subsets.train.shards, ...subsets.test.shards].reduce((sum, shard) => sum + shard.bytes, 0);
    const seconds = (performance.now() - startedMs) / 1000;
    const counts = countLeftOut(leftOut);
    return { manifest, madeSamples: samples - keptSamples, keptSamples, bytes, leftOut: counts, seconds };
  } finally {
    await staged.leave();
  }
}
