import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { sampleBytes, samplesOfShard, totalSamples, writeShards } from '../dataset-writer.js';
import { LoaderError } from '../errors.js';
import { MANIFEST_FILE, type Manifest } from '../manifest.js';
import type { Progress, Source, SubsetName } from '../sources/source.js';
import { locationIn } from '../storage/location.js';
import type { CallOptions, Storage } from '../storage/storage.js';
import { Journal } from './journal.js';
import { acquireLock, type Lock } from './lock.js';

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
export interface IngestOptions {
  /** Of the data set. Default: the source's. */
  readonly name?: string | undefined;
  /** Bytes of a shard, as near as whole samples come; at most 1 GiB. Default 64 MiB, but at most 10,000 samples. */
  readonly shardBytes?: number | undefined;
  /** Throws away what an interrupted ingest has left. Default false: it is gone on with. */
  readonly restart?: boolean | undefined;
  /** Replaces the data set at the destination, at the very end; never anything else. Default false: DATASET_EXISTS. */
  readonly overwrite?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Takes listing and reading as the source tells of them. */
  readonly onSourceProgress?: ((progress: Progress) => void) | undefined;
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined;
  /** Takes one line about what is resumed. */
  readonly onNotice?: ((line: string) => void) | undefined;
}

/** What an ingest did. */
export interface IngestResult {
  readonly manifest: Manifest;
  /** Samples that this call wrote, and that it found written. */
  readonly madeSamples: number;
  readonly keptSamples: number;
  /** Bytes of all shards. */
  readonly bytes: number;
  /** From opening the source to the last rename. */
  readonly seconds: number;
}

/** How long what has failed may still clean up: the storage may be what failed it. */
const CLEAN_UP_MS = 5_000;

/** `/data/x` → `/data/.x.ingest`: the name is always the same, so that the same command finds what it began. */
function stagingOf(path: string): { staging: string; replaced: string } {
  const slash = path.lastIndexOf('/') + 1;
  const [parent, name] = [path.slice(0, slash), path.slice(slash)];
  if (name === '') throw new LoaderError('INVALID_ARGUMENT', `${path}: expected the path of a new folder`);
  return { staging: `${parent}.${name}.ingest`, replaced: `${parent}.${name}.replaced` };
}

/**
 * Converts a source into a data set on any storage: uint8 shards and, last, their manifest, in a folder `.NAME.ingest` beside the
 * destination, which is then renamed. What is at the destination is always whole. After a kill -9 the same call goes on
 * behind the shards that are finished, and the bytes are those of an undisturbed one.
 *
 *   .NAME.ingest.lock/ .NAME.ingest/{journal.json, data/{train-00000.safetensors …, manifest.json}}
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
  const { signal, overwrite = false } = options;
  const { staging, replaced } = stagingOf(path);
  const startedMs = performance.now();
  await requireFree(storage, path, { overwrite, signal });
  const opened = await source.open({ signal, onProgress: options.onSourceProgress });
  const shardSamples = samplesOfShard(opened.inputShape, options.shardBytes);
  const { fingerprint, name } = opened;
  const journal = new Journal(storage, staging, { fingerprint, name: options.name ?? name, shardSamples });
  const data = `${staging}/data`;
  const lock = await acquireLock(storage, staging, { signal });
  // Until it is known that nothing is lost with it.
  let worthKeeping = true;
  const leave = async (o: CallOptions): Promise<void> => {
    // What another one has taken over is not ours to remove.
    if (!worthKeeping && (await lock.isMine(o))) await storage.delete(staging, { recursive: true, ...o });
    await lock.release(o);
  };
  let result: IngestResult;
  try {
    if (options.restart || !(await journal.resume({ signal }))) await storage.delete(data, { recursive: true, signal });
    else await keepWhole(storage, { journal, data, signal });
    const keptSamples = journal.samples;
    if (keptSamples > 0) options.onNotice?.(`goes on behind ${keptSamples} samples in ${locationIn(storage, staging)}`);
    worthKeeping = keptSamples > 0;
    // Who had the lock until now may have finished.
    await requireFree(storage, path, { overwrite, signal });
    await journal.save({ signal });
    await storage.mkdirs(data, { signal });
    let samples = keptSamples;
    const tell = (more: number): void => {
      samples += more;
      const bytes = samples * sampleBytes(opened.inputShape);
      options.onProgress?.({ samples, totalSamples: totalSamples(opened), bytes, keptSamples });
    };
    tell(0);
    const manifest = await writeShards(opened, {
      storage,
      dir: data,
      shardSamples,
      name: options.name,
      signal,
      kept: journal.shards,
      onSamples: tell,
      async onShard(shard, subset) {
        await lock.require({ signal });
        await journal.add(shard, subset, { signal });
        worthKeeping = true;
      },
    });
    const { bytes } = journal;
    await publish({ storage, data, path, replaced, overwrite, lock, manifest });
    worthKeeping = false;
    const seconds = (performance.now() - startedMs) / 1000;
    result = { manifest, madeSamples: samples - keptSamples, keptSamples, bytes, seconds };
  } catch (error) {
    // Best effort, and not for long: the first error is the one to tell.
    await leave({ signal: AbortSignal.timeout(CLEAN_UP_MS) }).catch(() => {});
    throw error;
  }
  await leave({});
  return result;
}

/** Cuts the journal where a shard is not there, or not of its size; lost with it is what comes behind. Whatever else is there goes. */
async function keepWhole(
  storage: Storage,
  o: { journal: Journal; data: string; signal: AbortSignal | undefined },
): Promise<void> {
  const sizes = await sizesIn(storage, o.data, { signal: o.signal });
  for (const subset of ['train', 'test'] as const satisfies readonly SubsetName[]) {
    const { shards } = o.journal;
    const wrong = shards[subset].findIndex(({ file, bytes }) => sizes.get(file) !== bytes);
    if (wrong >= 0) o.journal.cut(subset, wrong);
    // Shards are renamed into place whole; only the last one can be what a machine lost with its power.
    const last = shards[subset].at(-1);
    if (last && (await sha256Of(storage, `${o.data}/${last.file}`, o.signal)) !== last.sha256)
      o.journal.cut(subset, shards[subset].length - 1);
  }
  const kept = new Set([...o.journal.shards.train, ...o.journal.shards.test].map(({ file }) => file));
  // A manifest, a shard that is in no journal, a file that was being written: they would come under the final name.
  for (const name of sizes.keys())
    if (!kept.has(name)) await storage.delete(`${o.data}/${name}`, { recursive: true, signal: o.signal });
}

/** Bytes of each file of a folder, by name; none where there is no folder. */
async function sizesIn(storage: Storage, dir: string, options: CallOptions): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  try {
    for await (const { name, length } of storage.list(dir, options)) sizes.set(name, length);
  } catch (error) {
    if (!(error instanceof LoaderError) || error.code !== 'NOT_FOUND') throw error;
  }
  return sizes;
}

async function sha256Of(storage: Storage, path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of storage.read(path, { signal, reuse: true })) hash.update(piece);
  return hash.digest('hex');
}

async function publish(o: {
  storage: Storage;
  data: string;
  path: string;
  replaced: string;
  overwrite: boolean;
  lock: Lock;
  manifest: Manifest;
}): Promise<void> {
  const { storage, data, path, replaced, overwrite, lock, manifest } = o;
  await lock.require();
  await requireWhole(storage, data, manifest);
  await requireFree(storage, path, { overwrite });
  const isThere = await exists(storage, path);
  if (isThere && overwrite) {
    // What a process that was killed behind the next line put aside is older than what is there now.
    await storage.delete(replaced, { recursive: true });
    await storage.rename(path, replaced);
  } else if (isThere) {
    await storage.delete(path);
  }
  try {
    await storage.rename(data, path);
  } catch (error) {
    // It comes back, unless something is there by now.
    if (isThere && overwrite) await storage.rename(replaced, path).catch(() => {});
    throw error instanceof LoaderError && error.code === 'EXISTS' ? taken(storage, path, overwrite) : error;
  }
  await storage.delete(replaced, { recursive: true });
}

/** Two processes that took the lock over at the same moment may have undone each other's work: that must not get the final name. */
async function requireWhole(storage: Storage, data: string, { subsets }: Manifest): Promise<void> {
  const sizes = await sizesIn(storage, data, {});
  const shards = [...subsets.train.shards, ...subsets.test.shards];
  const wrong = shards.find(({ file, bytes }) => sizes.get(file) !== bytes);
  if (!wrong && sizes.has(MANIFEST_FILE)) return;
  const where = locationIn(storage, `${data}/${wrong?.file ?? MANIFEST_FILE}`);
  throw new LoaderError('LOCKED', `${where}: expected it as it was written: another process has changed it`);
}

async function exists(storage: Storage, path: string, options: CallOptions = {}): Promise<boolean> {
  try {
    await storage.stat(path, options);
    return true;
  } catch (error) {
    if (error instanceof LoaderError && error.code === 'NOT_FOUND') return false;
    throw error;
  }
}

/** An empty folder is as good as none. Replaced is a data set: a user's photographs, or home, never are. */
async function requireFree(
  storage: Storage,
  path: string,
  { overwrite, signal }: CallOptions & { readonly overwrite: boolean },
): Promise<void> {
  if (!(await exists(storage, path, { signal }))) return;
  if ((await storage.stat(path, { signal })).type === 'file') throw taken(storage, path, overwrite);
  if (overwrite && (await exists(storage, `${path}/${MANIFEST_FILE}`, { signal }))) return;
  for await (const _ of storage.list(path, { signal })) throw taken(storage, path, overwrite);
}

function taken(storage: Storage, path: string, overwrite: boolean): LoaderError {
  const expected = overwrite
    ? 'a data set to overwrite, or no such folder, got something else, which is left as it is'
    : 'no such folder, or an empty one; --overwrite replaces a data set';
  return new LoaderError('DATASET_EXISTS', `${locationIn(storage, path)}: expected ${expected}`);
}
