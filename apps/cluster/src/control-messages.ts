/**
 * What the processes of a run say to their coordinator. Node → coordinator, unless noted:
 *
 *   join       {}                          → ShardJob + θ₀ of the range | WorkerJob + topology (UTF-8 JSON of the model);
 *                                            a worker's answer waits until every shard serves
 *   serving    { host, port }              → {}              a shard listens
 *   parameters { engine, reason }          → {} + θ          worker → coordinator: θ₀; coordinator → worker: its x
 *   state      {}                          → {} + state₀     the weights that are not trained
 *   averageState {} + state                → {} + their mean over all workers, once all have brought theirs
 *   next       { finished: Scores | null } → Task            waits at the barriers; + correct predictions by class, uint32, where the task
 *                                                            asked for them
 *   progress   Progress                                      no answer
 *   failed     { message }                 → {}              the last words of a process that cannot go on
 *   stop       {}                          no answer         coordinator → node: end now, all is well
 *
 * Those of `cluster preprocess` are in preprocess/messages.ts.
 */
import type { StorageOptions } from '@weft/hdfs-loader';
import type { Scores } from '@weft/models';
import type { Progress, SampleRange, Settings, Task } from '@weft/trainer';
import type { Header, ShardRange } from '@weft/transport';
import { z } from 'zod';

/** Frame kinds of the control connection. */
export const ControlKind = {
  join: 32,
  serving: 33,
  parameters: 34,
  next: 35,
  progress: 36,
  failed: 37,
  stop: 38,
  state: 39,
  averageState: 40,
} as const;

/** What processes there are: of `cluster start` the first two, of `cluster preprocess` the third. */
const ROLES = ['worker', 'shard', 'preprocessor'] as const;

/** A process's place in a run. */
export interface NodeSeat {
  readonly role: (typeof ROLES)[number];
  readonly rank: number;
  /** Where it listens for its likes; port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
}

/** What a process is told on its standard input, as one line of JSON: never on its command line, for the token's sake. */
export interface NodeStart extends NodeSeat {
  readonly run: string;
  /** 32 random bytes, in hexadecimal. */
  readonly token: string;
  /** Whether the run gives up TLS. */
  readonly insecure: boolean;
  /** The coordinator's control address. */
  readonly host: string;
  readonly port: number;
}

/** The rule that both halves are made from. */
export interface RuleJob {
  readonly trainer: string;
  readonly window: number;
  readonly workers: number;
  readonly settings: Settings;
}

export interface ShardJob {
  readonly rule: RuleJob;
  readonly range: ShardRange;
}

export interface WorkerJob {
  readonly rule: RuleJob;
  readonly optimizer: string;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly engine: string;
  readonly threads: number;
  readonly seed: number;
  /** Where the converted data set is, and how its storage is reached. */
  readonly dataset: { readonly location: string; readonly storage: StorageOptions };
  readonly shuffleBytes: number;
  /** As of parseAugmentations; empty for none. */
  readonly augment: string;
  /** The samples that this worker begins with; null when there are none. */
  readonly first: SampleRange | null;
  /** How uint8 values become inputs: x ← scale · x + shift. */
  readonly normalization: { readonly scale: number; readonly shift: number };
  readonly shards: readonly { readonly host: string; readonly port: number; readonly range: ShardRange }[];
}

const count = z.int().min(0);
const number = z.number();
const RANGE = z.object({ start: count, end: count });
const SAMPLE_RANGE: z.ZodType<SampleRange> = z.object({ epoch: count, start: count, end: count });
const SCORES: z.ZodType<Scores> = z.object({ loss: number, correct: count, size: count });
export const STORAGE: z.ZodType<StorageOptions> = z.object({
  user: z.string().optional(),
  delegationToken: z.string().optional(),
  hadoopConfDir: z.string().optional(),
  ca: z.string().optional(),
  localHosts: z.array(z.string()).optional(),
});
const RULE: z.ZodType<RuleJob> = z.object({
  trainer: z.string(),
  window: count,
  workers: count,
  settings: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
});

/** What crosses the wire is checked on arrival, whoever sent it. */
export const SCHEMAS = {
  nodeStart: z.object({
    role: z.enum(ROLES),
    rank: count,
    run: z.string(),
    token: z.string().regex(/^[0-9a-f]{64}$/),
    insecure: z.boolean(),
    host: z.string(),
    port: count,
    listen: z.object({ host: z.string(), port: count }),
  }) satisfies z.ZodType<NodeStart>,
  shardJob: z.object({ rule: RULE, range: RANGE }) satisfies z.ZodType<ShardJob>,
  workerJob: z.object({
    rule: RULE,
    optimizer: z.string(),
    learningRate: number,
    batchSize: count,
    engine: z.string(),
    threads: count,
    seed: count,
    dataset: z.object({ location: z.string(), storage: STORAGE }),
    shuffleBytes: count,
    augment: z.string(),
    first: SAMPLE_RANGE.nullable(),
    normalization: z.object({ scale: number, shift: number }),
    shards: z.array(z.object({ host: z.string(), port: count, range: RANGE })),
  }) satisfies z.ZodType<WorkerJob>,
  serving: z.object({ host: z.string(), port: count }),
  ready: z.object({ engine: z.string(), reason: z.string() }),
  next: z.object({ finished: SCORES.nullable() }),
  task: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('train'), range: SAMPLE_RANGE, upcoming: SAMPLE_RANGE.nullable() }),
    z.object({ kind: z.literal('flush') }),
    z.object({ kind: z.literal('evaluate'), start: count, end: count, classes: count.optional() }),
    z.object({ kind: z.literal('stop') }),
  ]) satisfies z.ZodType<Task>,
  progress: z.object({
    trained: z.array(SAMPLE_RANGE),
    steps: count,
    samples: count,
    loss: number,
    correct: count,
    dataWaitMs: number,
    gradientMs: number,
    stepMs: number,
    exchangeMs: number,
    staleness: count.nullable(),
  }) satisfies z.ZodType<Progress>,
  failed: z.object({ message: z.string() }),
};

/**
 * Reads a header by its schema.
 *
 * @throws {TypeError} that names the message and the field
 */
export function readHeader<T>(schema: z.ZodType<T>, header: Header, where: string): T {
  const result = schema.safeParse(header);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new TypeError(`${where}: ${issue?.path.join('.') || 'header'}: ${issue?.message}`);
}

/** A typed message as the map that a frame carries. */
export function toHeader<T extends object>(message: T): Header {
  return message as Header;
}
