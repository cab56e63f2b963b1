import { z } from 'zod';
import { LoaderError } from '../errors.js';
import type { WrittenShard } from '../shard-writer.js';
import type { SubsetName } from '../sources/source.js';
import { locationIn } from '../storage/location.js';
import { readWhole } from '../storage/read-whole.js';
import type { CallOptions, Storage } from '../storage/storage.js';
import { Turns } from '../turns.js';

/** What decides the bytes of a data set: the same plan gives the same shards. */
export interface StagePlan {
  /** Digest of where the samples come from and what is done to them. */
  readonly fingerprint: string;
  /** Of the data set. */
  readonly name: string;
  /** Samples of a shard, where whoever writes them one after the other decides. */
  readonly shardSamples?: number | undefined;
  /** Shards of each subset, where that is known from the start. */
  readonly shards?: Readonly<Record<SubsetName, number>> | undefined;
}

/** A shard that is whole in its place. */
export interface JournalledShard extends WrittenShard {
  /** Whatever was given with it, as JSON carries it. */
  readonly extra?: unknown;
}

interface Entry {
  readonly subset: SubsetName;
  readonly index: number;
  readonly order: number;
  readonly shard: JournalledShard;
}

const PLAN_FILE = 'journal.json';
const RECORDS = 'journal';
const RECORD_FILE = /^(train|test)-(\d{5,})\.json$/;
/** Records that are read at a time. */
const READS_AT_A_TIME = 8;

const count = z.int().nonnegative();
const planSchema = z.object({
  format: z.literal('weft-ingest'),
  version: z.literal(2),
  plan: z.object({
    fingerprint: z.string(),
    name: z.string(),
    shardSamples: z.int().positive().optional(),
    shards: z.object({ train: count, test: count }).optional(),
  }),
});
const recordSchema = z.object({
  /** How many were journalled before it. */
  order: count,
  shard: z.object({
    file: z.string().regex(/^[a-z]+-\d+\.safetensors$/),
    samples: z.int().positive(),
    bytes: z.int().positive(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    perClass: z.array(count),
    range: z.tuple([z.number(), z.number()]),
  }),
  extra: z.unknown().optional(),
});

/**
 * Which shards of a staged data set are whole in their place. It outlives the process. Each shard has a small file of its own, so that
 * what is written does not grow with what is there, on file systems that cannot append, too.
 *
 *   journal.json: the plan     journal/train-00000.json …: a shard each
 */
export class Journal {
  readonly #storage: Storage;
  readonly #dir: string;
  readonly #plan: StagePlan;
  readonly #entries = new Map<string, Entry>();
  #order = 0;

  /** @param dir the staging folder */
  constructor(storage: Storage, dir: string, plan: StagePlan) {
    this.#storage = storage;
    this.#dir = dir;
    this.#plan = plan;
  }

  /** Its shards in the order in which they were added. */
  get entries(): readonly Entry[] {
    return [...this.#entries.values()].sort((a, b) => a.order - b.order);
  }

  get(subset: SubsetName, index: number): JournalledShard | undefined {
    return this.#entries.get(nameOf(subset, index))?.shard;
  }

  /** The shards of a subset from 0 on, up to the first that is missing. */
  prefix(subset: SubsetName): readonly JournalledShard[] {
    const shards: JournalledShard[] = [];
    for (let shard = this.get(subset, 0); shard; shard = this.get(subset, shards.length)) shards.push(shard);
    return shards;
  }

  /**
   * Takes over what an earlier process has finished.
   *
   * @returns false where there is nothing to go on with
   * @throws LoaderError OTHER_INGEST when it was another source's, or had other options
   */
  async resume(options: CallOptions): Promise<boolean> {
    const path = `${this.#dir}/${PLAN_FILE}`;
    // One that cannot be read is worth nothing: shards without it are made again.
    const found = await this.#read(path, planSchema, options);
    if (found === null) return false;
    const words = {
      fingerprint: 'source, or options of it',
      name: 'name',
      shardSamples: 'shard size',
      shards: 'number of shards',
    } as const;
    for (const key of ['fingerprint', 'name', 'shardSamples', 'shards'] as const) {
      if (JSON.stringify(found.plan[key]) === JSON.stringify(this.#plan[key])) continue;
      const message = `${locationIn(this.#storage, path)}: holds a begun ingest with another ${words[key]}: repeat that command to go on with it, or begin anew with --restart`;
      throw new LoaderError('OTHER_INGEST', message);
    }
    const turns = new Turns(READS_AT_A_TIME);
    const names = await this.#recordNames(options);
    const entries = await Promise.all(names.map((name) => turns.run(() => this.#record(name, options))));
    for (const entry of entries) {
      if (!entry) continue;
      this.#entries.set(nameOf(entry.subset, entry.index), entry);
      this.#order = Math.max(this.#order, entry.order + 1);
    }
    return true;
  }

  /** Writes the plan: from now on there is something to go on with. */
  async begin(options: CallOptions = {}): Promise<void> {
    const { fingerprint, name, shardSamples, shards } = this.#plan;
    const plan = { fingerprint, name, shardSamples, shards };
    await this.#write(`${this.#dir}/${PLAN_FILE}`, { format: 'weft-ingest', version: 2, plan }, options);
  }

  /** Forgets everything, here and in the storage. */
  async clear(options: CallOptions): Promise<void> {
    this.#entries.clear();
    this.#order = 0;
    await this.#storage.delete(`${this.#dir}/${PLAN_FILE}`, options);
    await this.#storage.delete(`${this.#dir}/${RECORDS}`, { ...options, recursive: true });
  }

  /** Adds a shard that is whole in its place. Several may be added at a time. */
  async add(entry: Omit<Entry, 'order'>, options: CallOptions = {}): Promise<void> {
    const { subset, index } = entry;
    const { extra, ...shard } = entry.shard;
    const order = this.#order++;
    await this.#write(this.#pathOf(subset, index), { order, shard, extra }, options);
    this.#entries.set(nameOf(subset, index), { ...entry, order });
  }

  /** Forgets a shard: it is to be made again. */
  async drop(subset: SubsetName, index: number, options: CallOptions = {}): Promise<void> {
    this.#entries.delete(nameOf(subset, index));
    await this.#storage.delete(this.#pathOf(subset, index), options);
  }

  #pathOf(subset: SubsetName, index: number): string {
    return `${this.#dir}/${RECORDS}/${nameOf(subset, index)}.json`;
  }

  async #recordNames(options: CallOptions): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const { name } of this.#storage.list(`${this.#dir}/${RECORDS}`, options)) names.push(name);
    } catch (error) {
      if (!(error instanceof LoaderError) || error.code !== 'NOT_FOUND') throw error;
    }
    return names;
  }

  async #record(name: string, options: CallOptions): Promise<Entry | null> {
    const [, subset, digits] = RECORD_FILE.exec(name) ?? [];
    if (digits === undefined) return null;
    const found = await this.#read(`${this.#dir}/${RECORDS}/${name}`, recordSchema, options);
    if (found === null) return null;
    const { order, extra } = found;
    const shard = extra === undefined ? found.shard : { ...found.shard, extra };
    return { subset: subset as SubsetName, index: Number(digits), order, shard };
  }

  /** null where there is none, or none that can be understood. */
  async #read<T>(path: string, schema: z.ZodType<T>, options: CallOptions): Promise<T | null> {
    let text: string;
    try {
      text = (await readWhole(this.#storage, path, options)).toString('utf8');
    } catch (error) {
      if (error instanceof LoaderError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      return null;
    }
  }

  async #write(path: string, value: unknown, options: CallOptions): Promise<void> {
    await this.#storage.write(path, Buffer.from(`${JSON.stringify(value)}\n`), { ...options, overwrite: true });
  }
}

const nameOf = (subset: SubsetName, index: number): string => `${subset}-${String(index).padStart(5, '0')}`;
