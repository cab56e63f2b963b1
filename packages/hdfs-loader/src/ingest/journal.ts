import { z } from 'zod';
import type { WrittenShard, WrittenShards } from '../dataset-writer.js';
import { LoaderError } from '../errors.js';
import type { SubsetName } from '../sources/source.js';
import { locationIn } from '../storage/location.js';
import { readWhole } from '../storage/read-whole.js';
import type { CallOptions, Storage } from '../storage/storage.js';

/** What decides the bytes of a data set: the same plan gives the same shards. */
export interface IngestPlan {
  readonly fingerprint: string;
  readonly name: string;
  readonly shardSamples: number;
}

const FILE = 'journal.json';
const count = z.int().nonnegative();
const shards = z.array(
  z.object({
    file: z.string().regex(/^[a-z]+-\d+\.safetensors$/),
    samples: z.int().positive(),
    bytes: z.int().positive(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    perClass: z.array(count),
    range: z.tuple([count, count]),
  }),
);
const schema = z.object({
  format: z.literal('weft-ingest'),
  version: z.literal(1),
  plan: z.object({ fingerprint: z.string(), name: z.string(), shardSamples: z.int().positive() }),
  shards: z.object({ train: shards, test: shards }),
});

/** Which shards of an ingest are whole in their place. It outlives the process. */
export class Journal {
  readonly #storage: Storage;
  readonly #path: string;
  readonly #plan: IngestPlan;
  readonly #shards: Record<SubsetName, WrittenShard[]> = { train: [], test: [] };

  /** @param dir the ingest's folder */
  constructor(storage: Storage, dir: string, plan: IngestPlan) {
    this.#storage = storage;
    this.#path = `${dir}/${FILE}`;
    this.#plan = plan;
  }

  get shards(): WrittenShards {
    return this.#shards;
  }

  /** Bytes of the shards that it names. */
  get bytes(): number {
    return [...this.#shards.train, ...this.#shards.test].reduce((sum, shard) => sum + shard.bytes, 0);
  }

  /** Samples of the shards that it names. */
  get samples(): number {
    return [...this.#shards.train, ...this.#shards.test].reduce((sum, shard) => sum + shard.samples, 0);
  }

  /**
   * Takes over what an earlier process has finished.
   *
   * @returns false where there is nothing to go on with
   * @throws LoaderError OTHER_INGEST when it was another source's, or had other options
   */
  async resume(options: CallOptions): Promise<boolean> {
    let text: string;
    try {
      text = (await readWhole(this.#storage, this.#path, options)).toString('utf8');
    } catch (error) {
      if (error instanceof LoaderError && error.code === 'NOT_FOUND') return false;
      throw error;
    }
    const found = parse(text);
    // One that cannot be read is worth nothing: shards without it are made again.
    if (found === null) return false;
    const words = { fingerprint: 'source, or options of it', name: 'name', shardSamples: 'shard size' } as const;
    for (const key of ['fingerprint', 'name', 'shardSamples'] as const) {
      if (found.plan[key] === this.#plan[key]) continue;
      const message = `${locationIn(this.#storage, this.#path)}: holds a begun ingest with another ${words[key]}: repeat that command to go on with it, or begin anew with --restart`;
      throw new LoaderError('OTHER_INGEST', message);
    }
    for (const subset of ['train', 'test'] as const) this.#shards[subset].push(...found.shards[subset]);
    return true;
  }

  /** Forgets the shards of a subset from an index on: they are to be made again. */
  cut(subset: SubsetName, from: number): void {
    this.#shards[subset].length = from;
  }

  /** Adds a shard that is whole in its place. */
  async add(shard: WrittenShard, subset: SubsetName, options: CallOptions = {}): Promise<void> {
    this.#shards[subset].push(shard);
    await this.save(options);
  }

  async save(options: CallOptions = {}): Promise<void> {
    const text = JSON.stringify({ format: 'weft-ingest', version: 1, plan: this.#plan, shards: this.#shards });
    await this.#storage.write(this.#path, Buffer.from(`${text}\n`), { ...options, overwrite: true });
  }
}

function parse(text: string): z.infer<typeof schema> | null {
  try {
    const result = schema.safeParse(JSON.parse(text));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}
