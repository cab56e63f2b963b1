/**
 * What the workers of `cluster preprocess` say to their coordinator, beside `failed` and `stop` (control-messages.ts):
 *
 *   join      {}                                → PreprocessJob + the pipeline, as far as it is fitted
 *   meet      { host, port }                    → { addresses }  where each worker listens for the others, once all have come
 *   progress  FitProgress                       no answer
 *   notice    { line }                          no answer        for the user
 *   fitted    { step, isLast } + state          → {}             from rank 0, after each step that was fitted
 *   state     {}                                → {} + state     once all steps are fitted: what is transformed by is what is saved
 *   next      {}                                → ShardTask
 *   written   { subset, index, shard, error }   → {}             a shard is whole in its place
 *
 * `state` is a pipeline as encodeTransformer writes it.
 */
import type { StorageOptions, SubsetName, WrittenShard } from '@weft/hdfs-loader';
import type { FitProgress } from '@weft/preprocessing';
import { z } from 'zod';
import { STORAGE } from '../control-messages.js';
import { ERROR_SCHEMA, type ReconstructionError } from './reconstruction.js';
import type { Piece } from './slices.js';

/** Frame kinds of their own, beside ControlKind's. */
export const PreprocessKind = { meet: 41, fitted: 42, written: 43, notice: 44 } as const;

/** A location, and how its storage is reached. */
interface Place {
  readonly location: string;
  readonly storage: StorageOptions;
}

/** What a worker is to do. */
export interface PreprocessJob {
  readonly source: Place;
  /** The folder of the shards to be. */
  readonly staging: Place & { readonly dir: string };
  readonly classes: number;
  readonly seed: number;
  readonly workers: number;
  /** Whether steps are to be fitted first. */
  readonly fits: boolean;
  /** The training samples that this worker fits on. */
  readonly pieces: readonly Piece[];
  readonly cacheBytes: number;
  readonly device: 'auto' | 'cpu' | 'gpu';
  readonly threads: number;
}

/** What a worker does next. */
export type ShardTask =
  | { readonly kind: 'transform'; readonly subset: SubsetName; readonly index: number }
  | { readonly kind: 'stop' };

/** A shard that a worker has written. */
export interface ShardDone {
  readonly subset: SubsetName;
  readonly index: number;
  readonly shard: WrittenShard;
  /** Of test samples, where there is a Pca to be measured. */
  readonly error: ReconstructionError | null;
}

const count = z.int().min(0);
const SUBSET = z.enum(['train', 'test']);
const PLACE = { location: z.string(), storage: STORAGE };
const ADDRESS = z.object({ host: z.string(), port: count });

/** What crosses the wire is checked on arrival, whoever sent it. */
export const PREPROCESS_SCHEMAS = {
  job: z.object({
    source: z.object(PLACE),
    staging: z.object({ ...PLACE, dir: z.string() }),
    classes: count,
    seed: count,
    workers: z.int().min(1),
    fits: z.boolean(),
    pieces: z.array(z.object({ shard: count, start: count, end: count })),
    cacheBytes: count,
    device: z.enum(['auto', 'cpu', 'gpu']),
    threads: z.int().min(1),
  }) satisfies z.ZodType<PreprocessJob>,
  address: ADDRESS,
  meeting: z.object({ addresses: z.array(ADDRESS) }),
  progress: z.object({
    step: z.string(),
    pass: z.int().min(1),
    passes: z.int().min(1).nullable(),
    rows: count,
  }) satisfies z.ZodType<FitProgress>,
  notice: z.object({ line: z.string() }),
  fitted: z.object({ step: count, isLast: z.boolean() }),
  task: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('transform'), subset: SUBSET, index: count }),
    z.object({ kind: z.literal('stop') }),
  ]) satisfies z.ZodType<ShardTask>,
  done: z.object({
    subset: SUBSET,
    index: count,
    shard: z.object({
      file: z.string(),
      samples: count,
      bytes: count,
      sha256: z.string(),
      perClass: z.array(count),
      range: z.tuple([z.number(), z.number()]),
    }),
    error: ERROR_SCHEMA.nullable(),
  }) satisfies z.ZodType<ShardDone>,
};
