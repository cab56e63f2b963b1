/** The one place where arguments and environment are read: validated once, into a frozen object. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataHome, parseAugmentations, readDelegationToken, type StorageOptions } from '@weft/hdfs-loader';
import type { EngineName } from '@weft/models';
import {
  ALGORITHMS,
  type Algorithm,
  type AlgorithmName,
  OPTIMIZERS,
  type OptimizerName,
  type RuleOptions,
  type Settings,
} from '@weft/trainer';
import { z } from 'zod';
import { oneLine } from './errors.js';
import type { Host } from './hosts.js';
import { bytes, oneOf, parseOptions, rate, text, threads, usage, whole } from './option-schemas.js';
import { hostsOf, limitSlots, threadsOf } from './run-hosts.js';

const ENGINES = ['auto', 'native', 'tensorflow', 'tfjs'] as const satisfies readonly EngineName[];

/** What a user may say; all of it has a default. Numbers may come as text, as on a command line. */
export interface TrainOptions extends HdfsFlags {
  /** Path of a hosts file; without one, two workers run on this machine. */
  hosts?: string;
  /** `fashion-mnist`, a folder with the official IDX files, or a weft data set: its folder or hdfs:// location. */
  dataset?: string;
  /** `mlp`, `cnn`, or the path of a tfjs model.json. */
  model?: string;
  trainer?: string;
  optimizer?: string;
  learningRate?: number | string;
  /** Samples a step, per worker. */
  batchSize?: number | string;
  /** λ: steps between two exchanges. */
  window?: number | string;
  epochs?: number | string;
  /** Parameter shards; one a host by default. */
  shards?: number | string;
  seed?: number | string;
  engine?: string;
  /** Threads a worker; `auto` divides the cores by the slots. */
  threads?: number | string;
  /** Bytes of training samples that are shuffled together, as `256MiB`; a worker holds up to twice as many. */
  shuffleBuffer?: number | string;
  /** Gives samples out strictly in the epoch's order, whatever the number of workers: every worker then reads everything. */
  ordered?: boolean;
  /** Changes to training images: `flip`, `shift=2`, or both with a comma between them. */
  augment?: string;
  /** Where the run folder is made, a folder or an hdfs:// location; runs/<time>-<trainer> by default. */
  runDir?: string;
  /** Does without TLS where hosts are addressed over a network: whoever is on it can read and change the run. */
  insecure?: boolean;
  /** Settings of the trainer by name: `{ beta: 0.9 }` for aeasgd, `{ server: 'adagrad' }` for downpour. */
  settings?: Settings;
}

/** A run, decided. */
export interface RunConfig {
  readonly hosts: readonly Host[];
  readonly dataset: string;
  readonly model: string;
  readonly trainer: AlgorithmName;
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  readonly batchSize: number;
  readonly window: number;
  readonly epochs: number;
  readonly workers: number;
  readonly shards: number;
  readonly seed: number;
  readonly engine: EngineName;
  readonly threads: number;
  readonly shuffleBytes: number;
  readonly ordered: boolean;
  /** As of parseAugmentations; empty for none. */
  readonly augment: string;
  readonly runDir: string | null;
  readonly settings: Settings;
  readonly insecure: boolean;
  /** Where converted data sets are kept. */
  readonly dataHome: string;
}

const SCHEMA = z
  .strictObject({
    hosts: text,
    dataset: text.default('fashion-mnist'),
    model: text.default('mlp'),
    trainer: oneOf(Object.keys(ALGORITHMS) as AlgorithmName[]).default('adag'),
    optimizer: oneOf(Object.keys(OPTIMIZERS) as OptimizerName[]),
    learningRate: rate,
    batchSize: whole(1, 1 << 20).default(128),
    window: whole(1, 1 << 20),
    epochs: whole(1, 1_000_000).default(1),
    shards: whole(1, 1024),
    seed: whole(0, 0xffff_ffff).default(1),
    engine: oneOf(ENGINES).default('auto'),
    threads,
    shuffleBuffer: bytes('bytes, as 256MiB, up to 1024GiB').default(256 * 2 ** 20),
    ordered: z.boolean('true or false').default(false),
    augment: text.default(''),
    runDir: text,
    hdfsUser: text,
    hdfsToken: text,
    insecure: z.boolean('true or false').default(false),
    settings: z
      .record(
        z.string(),
        z.union([z.number(), z.string(), z.boolean()], 'a finite number, a name, true or false'),
        'settings by name',
      )
      .default({}),
  })
  .partial({
    hosts: true,
    optimizer: true,
    learningRate: true,
    window: true,
    shards: true,
    runDir: true,
    hdfsUser: true,
    hdfsToken: true,
  });

/** A rule checks its settings when it is made: better here than in a process of its own. */
function checkSettings(algorithm: Algorithm, o: RuleOptions): void {
  try {
    algorithm.worker(o);
  } catch (error) {
    usage(`--set: ${oneLine(error)}`);
  }
}

/** Asked here rather than by every worker. */
function checkAugment(text: string): void {
  if (text === '') return;
  try {
    parseAugmentations(text);
  } catch (error) {
    usage(`--augment: ${oneLine(error)}`);
  }
}

/** Shards go round the hosts; those of one host take its ports in order. */
function checkPorts(hosts: readonly Host[], shards: number): void {
  for (const [i, { port, where }] of hosts.entries()) {
    const here = Math.ceil((shards - i) / hosts.length);
    if (port > 0 && port + here - 1 > 65_535) {
      usage(`${where}: port=1 to ${65_536 - here} expected for ${here} parameter shards, got port=${port}`);
    }
  }
}

/** The folder for converted data sets. */
export function dataHomeOf(env: NodeJS.ProcessEnv): string {
  try {
    return dataHome(env);
  } catch (error) {
    return usage(oneLine(error));
  }
}

/**
 * Decides a run from what the user said and the environment.
 *
 * @throws {ClusterError} `usage`: one line that names the flag, or the line of the hosts file
 * @example configure({ trainer: 'adag', epochs: 2 }, process.env)
 */
export function configure(options: TrainOptions, env: NodeJS.ProcessEnv): RunConfig {
  const given = parseOptions(SCHEMA, options, { settings: '--set' });
  const algorithm: Algorithm = ALGORITHMS[given.trainer];
  const hosts = limitSlots(hostsOf(given.hosts), algorithm.maxWorkers);
  const workers = hosts.reduce((sum, host) => sum + host.slots, 0);
  if (!algorithm.shard && given.shards !== undefined)
    usage(`--shards: trainer ${given.trainer} has no parameter shards`);
  if (!algorithm.shard && given.window !== undefined) usage(`--window: trainer ${given.trainer} exchanges nothing`);
  const window = given.window ?? algorithm.defaults.window;
  checkSettings(algorithm, { window, workers, settings: given.settings });
  checkAugment(given.augment);
  const shards = algorithm.shard ? (given.shards ?? hosts.length) : 0;
  checkPorts(hosts, shards);
  const optimizer = given.optimizer ?? algorithm.defaults.optimizer;
  const byDefault =
    optimizer === algorithm.defaults.optimizer ? algorithm.defaults.learningRate : OPTIMIZERS[optimizer].learningRate;
  return Object.freeze({
    hosts,
    dataset: given.dataset,
    model: given.model,
    trainer: given.trainer,
    optimizer,
    learningRate: given.learningRate ?? byDefault,
    batchSize: given.batchSize,
    window,
    epochs: given.epochs,
    workers,
    shards,
    seed: given.seed,
    engine: given.engine,
    threads: given.threads ?? threadsOf(hosts),
    shuffleBytes: given.shuffleBuffer,
    ordered: given.ordered,
    augment: given.augment,
    runDir: given.runDir ?? null,
    settings: given.settings,
    insecure: given.insecure,
    dataHome: dataHomeOf(env),
  });
}

/** Where `npm run setup -- --tensorflow` puts libtensorflow on this machine. */
export const tensorflowDir = (env: NodeJS.ProcessEnv): string => join(dataHome(env), 'tensorflow');

/** What a user may say about how HDFS is reached; the flags of every command that takes an hdfs:// location. */
export interface HdfsFlags {
  /** Whom to be. HADOOP_USER_NAME, else the user of this process. */
  hdfsUser?: string;
  /** File with a delegation token: Hadoop's credentials file, or text. */
  hdfsToken?: string;
}

/**
 * Decides how HDFS is reached, from flags and environment: HADOOP_USER_NAME, HADOOP_CONF_DIR, WEFT_HDFS_CA (file of certificates).
 *
 * @throws {ClusterError} `usage` when a file that is named cannot be read, or holds no token
 */
export function storageOptions(
  flags: HdfsFlags,
  env: NodeJS.ProcessEnv,
  onWait?: (line: string) => void,
): StorageOptions {
  const file = <T>(what: string, path: string, read: (bytes: Buffer) => T): T => {
    try {
      return read(readFileSync(path));
    } catch (error) {
      return usage(`${what} ${path}: ${oneLine(error)}`);
    }
  };
  return {
    user: flags.hdfsUser ?? env['HADOOP_USER_NAME'],
    delegationToken:
      flags.hdfsToken === undefined
        ? undefined
        : file('--hdfs-token', flags.hdfsToken, (bytes) => readDelegationToken(bytes)),
    onWait,
    hadoopConfDir: env['HADOOP_CONF_DIR'],
    ca: env['WEFT_HDFS_CA'] === undefined ? undefined : file('WEFT_HDFS_CA', env['WEFT_HDFS_CA'], String),
  };
}

/** Where Hadoop is found and kept. */
export interface HadoopConfig {
  readonly dataHome: string;
  /** Of `cluster hdfs`, where --dir names no other. */
  readonly dir: string;
  readonly javaHome: string | undefined;
  readonly searchPath: string | undefined;
  /** URL of a Maven repository, for a company's mirror. */
  readonly repository: string | undefined;
  readonly localRepositories: readonly string[];
}

/** Reads what concerns Hadoop: JAVA_HOME, PATH, WEFT_MAVEN_REPOSITORY, and where data is kept. */
export function hadoopConfig(env: NodeJS.ProcessEnv): HadoopConfig {
  const home = dataHomeOf(env);
  return {
    dataHome: home,
    dir: join(home, 'hdfs'),
    javaHome: env['JAVA_HOME'],
    searchPath: env['PATH'],
    repository: env['WEFT_MAVEN_REPOSITORY'],
    localRepositories: env['HOME'] ? [join(env['HOME'], '.m2', 'repository')] : [],
  };
}

/** What the terminal can show. */
export interface TerminalConfig {
  readonly progressBars: boolean;
  readonly color: boolean;
}

/** Reads what concerns the terminal: bars only on a terminal that is not dumb, and not in CI. */
export function terminal(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): TerminalConfig {
  const tty = stream.isTTY === true && env['TERM'] !== 'dumb' && !env['CI'];
  return { progressBars: tty, color: tty && !env['NO_COLOR'] };
}
