/** A data set that is made shard by shard, by any number of processes, and outlives them. */
import { createHash } from 'node:crypto';
import { LoaderError } from '../errors.js';
import { MANIFEST_FILE, type Manifest, manifestOf, writeManifest } from '../manifest.js';
import { SHARD_FILE, shardFile, type WrittenShard } from '../shard-writer.js';
import type { SubsetName } from '../sources/source.js';
import { locationIn } from '../storage/location.js';
import { readWhole } from '../storage/read-whole.js';
import type { Storage, WriteData } from '../storage/storage.js';
import { type Destination, destinationAt, publish, requireFree, sizesIn } from './destination.js';
import { Journal, type JournalledShard, type StagePlan } from './journal.js';
import { acquireLock, type Lock } from './lock.js';

/** How `stageShards` begins. All of it may be left out. */
export interface StageOptions {
  /** Throws away what an interrupted one has left. Default false: it is gone on with. */
  readonly restart?: boolean | undefined;
  /** Replaces the data set at the destination, at the very end; never anything else. Default false: DATASET_EXISTS. */
  readonly overwrite?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Takes one line about what is resumed. */
  readonly onNotice?: ((line: string) => void) | undefined;
}

/** What a finished data set says of itself, beside its shards. */
export type DatasetDescription = Omit<Manifest, 'format' | 'version' | 'name' | 'subsets' | 'classes'>;

/** The shards of a data set that is being made. One process has it; `writeShard` may be called by others. */
export interface StagedShards {
  /** The folder of the shards, within the storage. */
  readonly dir: string;
  /** The shards of a subset from 0 on that are whole and journalled, up to the first that is not. */
  prefix(subset: SubsetName): readonly JournalledShard[];
  /** A shard that is whole and journalled. */
  get(subset: SubsetName, index: number): JournalledShard | undefined;
  has(subset: SubsetName, index: number): boolean;
  /**
   * Journals what `writeShard` has written. Several may be added at a time, in any order.
   *
   * @param extra anything that JSON carries; `get` gives it back, to a later process, too
   * @throws LoaderError LOCKED when another process has taken the work over
   */
  add(subset: SubsetName, index: number, shard: WrittenShard, extra?: unknown): Promise<void>;
  /** A file of the staging folder; null where there is none. @param name a plain name, or `data/` and one */
  readFile(name: string): Promise<Uint8Array | null>;
  /** Writes a file, whole or not at all. What is called `data/NAME` comes with the data set, beside its manifest. */
  writeFile(name: string, data: WriteData): Promise<void>;
  /**
   * Writes the manifest and gives the data set its final name.
   *
   * @throws LoaderError DATASET_EXISTS; INVALID_ARGUMENT when a shard is missing; LOCKED; and what the storage throws
   */
  finish(description: DatasetDescription): Promise<Manifest>;
  /** To be called at the end, whatever came. Lets go of the lock; what was begun stays, where it is worth something and not finished. */
  leave(): Promise<void>;
}

/** How long what has failed may still clean up: the storage may be what failed it. */
const CLEAN_UP_MS = 5_000;
/** Of so many shards that were journalled last the checksum is looked at: as many as may have been written at a time. */
const LAST_SHARDS = 8;
/** A fitted pipeline may be large: 784 components of 256 × 256 × 3 values have 617 MB. */
const MAX_FILE_BYTES = 2 ** 31;
/** In the staging folder, of nobody but this file. */
const OWN_NAMES: ReadonlySet<string> = new Set(['journal.json', 'journal', 'data']);
const FILE_NAME = /^(?:data\/)?[A-Za-z0-9][\w.-]*$/;

/**
 * Begins a data set that is made shard by shard, or goes on with one that was interrupted. Shards, journal and other files lie in a folder
 * beside the destination, which is renamed at the end: what is at the destination is always whole. A lock keeps other processes out.
 *
 *   .NAME.ingest.lock/ .NAME.ingest/{journal.json, journal/train-00000.json …, data/{train-00000.safetensors …, manifest.json}}
 *
 * @param destination what openStorage gives for the folder that is to be
 * @param plan what an interrupted one must have in common with this one
 * @throws LoaderError DATASET_EXISTS, LOCKED, OTHER_INGEST, INVALID_ARGUMENT, and what the storage throws
 * @example
 * const staged = await stageShards(openStorage('hdfs://nn:9870/data/small'), { fingerprint, name: 'small', shards: { train: 9, test: 1 } }, { onNotice: console.error });
 * try {
 *   if (!staged.has('train', 3)) await staged.add('train', 3, await writeShard({ storage, dir: staged.dir }, { subset: 'train', index: 3, … }));
 *   await staged.finish({ split, note, inputShape, dtype: 'float32', labelNames });
 * } finally {
 *   await staged.leave();
 * }
 */
export async function stageShards(
  destination: { readonly storage: Storage; readonly path: string },
  plan: StagePlan,
  options: StageOptions = {},
): Promise<StagedShards> {
  const to = destinationAt(destination.storage, destination.path);
  const { signal } = options;
  const lock = await acquireLock(to.storage, to.staging, { signal });
  const staged = new Staging(to, plan, { ...options, lock });
  try {
    await staged.begin(options);
  } catch (error) {
    await staged.leave();
    throw error;
  }
  return staged;
}

class Staging implements StagedShards {
  readonly dir: string;
  readonly #to: Destination;
  readonly #plan: StagePlan;
  readonly #journal: Journal;
  readonly #lock: Lock;
  readonly #overwrite: boolean;
  readonly #signal: AbortSignal | undefined;
  /** Until it is known that nothing is lost with it. */
  #worthKeeping = true;
  #finished = false;
  #left = false;

  constructor(to: Destination, plan: StagePlan, o: StageOptions & { lock: Lock }) {
    this.dir = `${to.staging}/data`;
    this.#to = to;
    this.#plan = plan;
    this.#journal = new Journal(to.storage, to.staging, plan);
    this.#lock = o.lock;
    this.#overwrite = o.overwrite ?? false;
    this.#signal = o.signal;
  }

  async begin({ restart, onNotice }: StageOptions): Promise<void> {
    const { storage, staging } = this.#to;
    const options = { signal: this.#signal };
    if (restart || !(await this.#journal.resume(options))) {
      await this.#journal.clear(options);
      await storage.delete(staging, { recursive: true, ...options });
    }
    const others = await this.#keepWhole();
    const kept = this.#journal.entries;
    const samples = kept.reduce((sum, { shard }) => sum + shard.samples, 0);
    if (samples > 0) onNotice?.(`goes on behind ${samples} samples in ${locationIn(storage, staging)}`);
    this.#worthKeeping = samples > 0 || others;
    // Who had the lock until now may have finished.
    await requireFree(this.#to, { overwrite: this.#overwrite, ...options });
    await this.#journal.begin(options);
    await storage.mkdirs(this.dir, options);
  }

  prefix(subset: SubsetName): readonly JournalledShard[] {
    return this.#journal.prefix(subset);
  }

  get(subset: SubsetName, index: number): JournalledShard | undefined {
    return this.#journal.get(subset, index);
  }

  has(subset: SubsetName, index: number): boolean {
    return this.get(subset, index) !== undefined;
  }

  async add(subset: SubsetName, index: number, shard: WrittenShard, extra?: unknown): Promise<void> {
    if (shard.file !== shardFile(subset, index)) {
      const message = `${subset} ${index}: expected the shard ${shardFile(subset, index)}, got ${shard.file}`;
      throw new LoaderError('INVALID_ARGUMENT', message);
    }
    const options = { signal: this.#signal };
    await this.#lock.require(options);
    const journalled = extra === undefined ? shard : { ...shard, extra };
    await this.#journal.add({ subset, index, shard: journalled }, options);
    this.#worthKeeping = true;
  }

  async readFile(name: string): Promise<Uint8Array | null> {
    try {
      return await readWhole(this.#to.storage, this.#pathOf(name), { signal: this.#signal, maxBytes: MAX_FILE_BYTES });
    } catch (error) {
      if (error instanceof LoaderError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
  }

  async writeFile(name: string, data: WriteData): Promise<void> {
    const path = this.#pathOf(name);
    const options = { signal: this.#signal };
    await this.#lock.require(options);
    await this.#to.storage.write(path, data, { overwrite: true, ...options });
    this.#worthKeeping = true;
  }

  async finish(description: DatasetDescription): Promise<Manifest> {
    const { storage } = this.#to;
    const shards = { train: this.#complete('train'), test: this.#complete('test') };
    const manifest = manifestOf({ ...description, name: this.#plan.name }, shards);
    const options = { signal: this.#signal };
    options.signal?.throwIfAborted();
    await writeManifest(storage, this.dir, manifest, options);
    await publish(this.#to, {
      data: this.dir,
      overwrite: this.#overwrite,
      manifest,
      requireLock: () => this.#lock.require(),
    });
    this.#worthKeeping = false;
    this.#finished = true;
    return manifest;
  }

  async leave(): Promise<void> {
    if (this.#left) return;
    this.#left = true;
    if (this.#finished) await this.#clean({});
    // Best effort, and not for long: what went wrong before is what is to be told.
    else await this.#clean({ signal: AbortSignal.timeout(CLEAN_UP_MS) }).catch(() => {});
  }

  async #clean(options: { signal?: AbortSignal }): Promise<void> {
    const { storage, staging } = this.#to;
    // What another one has taken over is not ours to remove.
    if (!this.#worthKeeping && (await this.#lock.isMine(options)))
      await storage.delete(staging, { recursive: true, ...options });
    await this.#lock.release(options);
  }

  /** All shards of a subset, in their order. */
  #complete(subset: SubsetName): readonly WrittenShard[] {
    const shards = this.#journal.prefix(subset);
    const most = this.#journal.entries.reduce((n, e) => (e.subset === subset ? Math.max(n, e.index + 1) : n), 0);
    const expected = this.#plan.shards?.[subset] ?? most;
    if (shards.length === expected && most <= expected) return shards;
    const got = most > expected ? `${shardFile(subset, most - 1)} too` : `no ${shardFile(subset, shards.length)}`;
    throw new LoaderError('INVALID_ARGUMENT', `${subset}: expected ${expected} shards, got ${got}`);
  }

  #pathOf(name: string): string {
    const plain = name.slice(name.lastIndexOf('/') + 1);
    const isOurs = plain === MANIFEST_FILE || OWN_NAMES.has(name) || SHARD_FILE.test(plain);
    if (FILE_NAME.test(name) && !isOurs) return `${this.#to.staging}/${name}`;
    throw new LoaderError(
      'INVALID_ARGUMENT',
      `expected a plain file name, or data/ and one, got ${JSON.stringify(name)}`,
    );
  }

  /**
   * Drops shards that are not there, or not as the journal says, and removes what was half written: it would come under the final name.
   *
   * @returns whether there are other files, of `writeFile`
   */
  async #keepWhole(): Promise<boolean> {
    const { storage, staging } = this.#to;
    const options = { signal: this.#signal };
    const sizes = await sizesIn(storage, this.dir, options);
    const { entries } = this.#journal;
    const isWhole = async ({ shard }: (typeof entries)[number], i: number): Promise<boolean> =>
      sizes.get(shard.file) === shard.bytes &&
      // Shards are renamed into place whole; only the last ones can be what a machine lost with its power.
      (i < entries.length - LAST_SHARDS ||
        (await sha256Of(storage, `${this.dir}/${shard.file}`, this.#signal)) === shard.sha256);
    for (const [i, entry] of entries.entries())
      if (!(await isWhole(entry, i))) await this.#journal.drop(entry.subset, entry.index, options);
    // Who writes in order reads in order: what comes behind a gap is made again.
    if (this.#plan.shards === undefined) await this.#dropBehindGaps();
    const kept = new Set(this.#journal.entries.map(({ shard }) => shard.file));
    const isLost = (name: string): boolean =>
      name.startsWith('.') || name === MANIFEST_FILE || (SHARD_FILE.test(name) && !kept.has(name));
    const lost = [...sizes.keys()].filter(isLost);
    for (const name of lost) await storage.delete(`${this.dir}/${name}`, { recursive: true, ...options });
    const beside = [...(await sizesIn(storage, staging, options)).keys()];
    return sizes.size > kept.size + lost.length || beside.some((name) => !name.startsWith('.') && !OWN_NAMES.has(name));
  }

  async #dropBehindGaps(): Promise<void> {
    for (const { subset, index } of this.#journal.entries)
      if (index >= this.#journal.prefix(subset).length)
        await this.#journal.drop(subset, index, { signal: this.#signal });
  }
}

async function sha256Of(storage: Storage, path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of storage.read(path, { signal, reuse: true })) hash.update(piece);
  return hash.digest('hex');
}
