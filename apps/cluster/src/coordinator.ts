/** Brings up the processes of a run, hands out its work, and fails as a whole when one of them fails. */
import { type Dataset, epochGroups, type StorageOptions } from '@weft/hdfs-loader';
import type { Evaluation, Progress, Vector } from '@weft/trainer';
import { type Answer, asFloat32, type Message, type ShardRange, shardRanges } from '@weft/transport';
import type { RunConfig } from './config.js';
import {
  ControlKind,
  type NodeSeat,
  type RuleJob,
  readHeader,
  SCHEMAS,
  type ShardJob,
  toHeader,
  type WorkerJob,
} from './control-messages.js';
import { deferred } from './deferred.js';
import { ClusterError, oneLine } from './errors.js';
import { addressOf, coordinatorAddress, workerHosts } from './hosts.js';
import type { NodeProcess } from './launcher.js';
import { Ledger } from './ledger.js';
import type { Locality } from './locality.js';
import { tlsOptions } from './node-connection.js';
import { storageAt } from './node-storage.js';
import { RunControl } from './run-control.js';
import { leaseSamples, Schedule } from './schedule.js';
import { StateAverage } from './state-average.js';
import { collectFromShards, collectFromWorker, type Trained } from './trained.js';

export interface CoordinatorOptions {
  readonly config: RunConfig;
  /** Name of the run: part of every handshake. */
  readonly run: string;
  /** The model's topology as JSON. */
  readonly topology: string;
  /** θ₀ */
  readonly initial: Vector;
  /** The weights that are not trained, as they are at the start. */
  readonly initialState: Vector;
  readonly dataset: Pick<Dataset, 'location' | 'manifest'>;
  /** How the workers reach its storage. */
  readonly storage: StorageOptions;
  readonly locality: Locality;
  readonly normalization: { readonly scale: number; readonly shift: number };
  readonly logDir: string;
  readonly signal: AbortSignal;
  // What these throw, or reject with, ends the run, and is what coordinate() rejects with.
  readonly onStarted: (nodes: readonly NodeProcess[]) => void;
  readonly onEngine: (worker: number, engine: string, reason: string) => void;
  readonly onEpochStart: (epoch: number) => void;
  readonly onProgress: (worker: number, progress: Progress) => void | Promise<void>;
  readonly onEpochTrained: () => void;
  readonly onEpochScored: (epoch: number, scores: Evaluation) => void | Promise<void>;
}

interface ShardSeat {
  readonly range: ShardRange;
  readonly listen: NodeSeat['listen'];
  /** Line of the hosts file that chose the port; null where any free one is taken. */
  readonly where: string | null;
  address: { host: string; port: number } | null;
}

/**
 * Runs the processes of a training run from start to end. All have ended when the promise settles.
 *
 * @returns the trained parameters, and the books of the run
 * @throws {ClusterError} `node` when a process fails, `interrupted` when the signal aborts
 */
export async function coordinate(o: CoordinatorOptions): Promise<Trained> {
  const run = new Coordination(o);
  try {
    return await run.result();
  } finally {
    await run.end();
  }
}

class Coordination {
  readonly #o: CoordinatorOptions;
  readonly #control: RunControl;
  readonly #rule: RuleJob;
  readonly #shards: ShardSeat[];
  readonly #ledger: Ledger;
  readonly #schedule: Schedule;
  readonly #serving = deferred<void>();
  readonly #scored = deferred<void>();
  readonly #asked = new Set<number>();
  readonly #state: StateAverage;

  constructor(o: CoordinatorOptions) {
    const { config, locality } = o;
    const { classes, subsets } = o.dataset.manifest;
    const { train, test } = subsets;
    const { trainer, window, workers, settings, batchSize, epochs, seed, shuffleBytes, ordered } = config;
    this.#o = o;
    this.#rule = { trainer, window, workers, settings };
    this.#shards = shardSeats(config, o.initial.length);
    this.#control = new RunControl({
      run: o.run,
      hosts: config.hosts,
      insecure: config.insecure,
      members: this.#shards.length + workers,
      logDir: o.logDir,
      signal: o.signal,
      answer: (message) => this.#answer(message),
      isReady: ({ role, rank }) => (role === 'worker' ? this.#asked.has(rank) : this.#shards[rank]?.address !== null),
    });
    this.#ledger = new Ledger({
      samples: train.samples,
      epochs,
      workers,
      groups: (epoch) => epochGroups(train.shards, { seed, epoch, shuffleBytes }),
      locality,
      ordered,
    });
    this.#state = new StateAverage(workers, o.initialState);
    this.#schedule = new Schedule({
      workers,
      epochs,
      leaseSamples: leaseSamples({ batchSize, window, workers, samples: train.samples }),
      testSamples: test.samples,
      classes,
      ledger: this.#ledger,
      onEpochStart: (epoch) => this.#control.tell(() => o.onEpochStart(epoch)),
      onEpochTrained: () => this.#control.tell(() => o.onEpochTrained()),
      onEpochScored: (epoch, scores) => {
        this.#control.tell(() => o.onEpochScored(epoch, scores));
        if (epoch + 1 === epochs) this.#scored.resolve();
      },
    });
    if (this.#shards.length === 0) this.#serving.resolve();
  }

  result(): Promise<Trained> {
    return this.#control.during(async () => {
      const nodes = await this.#control.start(this.#seats());
      this.#control.tell(() => this.#o.onStarted(nodes));
      await this.#scored.promise;
      return await this.#collect();
    });
  }

  /** Tells every process to end, and returns when all have. */
  end(): Promise<void> {
    return this.#control.end();
  }

  #seats(): NodeSeat[] {
    const { hosts, workers } = this.#o.config;
    const free = { host: coordinatorAddress(hosts), port: 0 };
    return [
      ...this.#shards.map((seat, rank) => ({ role: 'shard' as const, rank, listen: seat.listen })),
      ...Array.from({ length: workers }, (_, rank) => ({ role: 'worker' as const, rank, listen: free })),
    ];
  }

  async #collect(): Promise<Trained> {
    const { config, initial, run } = this.#o;
    try {
      const collected =
        this.#shards.length > 0
          ? await collectFromShards({
              shards: this.#addresses(),
              run,
              token: this.#control.token,
              parameters: initial.length,
              ...tlsOptions(config),
            })
          : await collectFromWorker(this.#control.connection({ role: 'worker', rank: 0 }));
      return { ...collected, state: this.#state.last, audit: this.#ledger.audit() };
    } catch (error) {
      throw new ClusterError('node', `taking in the trained parameters: ${oneLine(error)}`, { cause: error });
    }
  }

  #answer(message: Message): Answer | undefined | Promise<Answer | undefined> {
    const { peer, header, kind } = message;
    const where = `${peer.role} ${peer.rank}`;
    switch (kind) {
      case ControlKind.join:
        return peer.role === 'shard' ? this.#shardJob(peer.rank) : this.#workerJob(peer.rank);
      case ControlKind.serving:
        this.#serves(peer.rank, readHeader(SCHEMAS.serving, header, where));
        return {};
      case ControlKind.parameters: {
        const { engine, reason } = readHeader(SCHEMAS.ready, header, where);
        this.#control.tell(() => this.#o.onEngine(peer.rank, engine, reason));
        return { sendView: this.#o.initial };
      }
      case ControlKind.state:
        return { sendView: this.#o.initialState };
      case ControlKind.averageState:
        return this.#averageState(peer.rank, asFloat32(message.payload));
      case ControlKind.next:
        return this.#next(peer.rank, withCounts(readHeader(SCHEMAS.next, header, where).finished, message.payload));
      case ControlKind.progress:
        this.#progress(peer.rank, readHeader(SCHEMAS.progress, header, where));
        return undefined;
      case ControlKind.failed: {
        const words = readHeader(SCHEMAS.failed, header, where).message;
        const line = peer.role === 'shard' ? this.#shards[peer.rank]?.where : null;
        this.#control.failed(peer, line ? `${words} (${line})` : words);
        return {};
      }
      default:
        throw new TypeError(`${where}: a control message expected, got frame kind ${kind}`);
    }
  }

  /** No answer carries an error back from here: what is wrong ends the run. */
  #progress(rank: number, progress: Progress): void {
    try {
      this.#ledger.trained(progress.trained);
    } catch (error) {
      this.#control.fail(new ClusterError('node', `worker ${rank}: ${oneLine(error)}`, { cause: error }));
      return;
    }
    this.#control.tell(() => this.#o.onProgress(rank, progress));
  }

  #shardJob(rank: number): Answer {
    const seat = this.#shards[rank];
    if (!seat) throw new RangeError(`shard 0 to ${this.#shards.length - 1} expected, got ${rank}`);
    const { start, end } = seat.range;
    const job: ShardJob = { rule: this.#rule, range: seat.range };
    return { header: toHeader(job), sendView: this.#o.initial.subarray(start, end) };
  }

  #serves(rank: number, address: { host: string; port: number }): void {
    const seat = this.#shards[rank];
    if (seat) seat.address = address;
    if (this.#shards.every((s) => s.address !== null)) this.#serving.resolve();
  }

  #addresses(): { host: string; port: number; range: ShardRange }[] {
    return this.#shards.flatMap(({ address, range }) => (address ? [{ ...address, range }] : []));
  }

  async #workerJob(rank: number): Promise<Answer> {
    await this.#serving.promise;
    const { config, dataset, storage, normalization, topology } = this.#o;
    const { optimizer, learningRate, batchSize, engine, threads, seed, shuffleBytes, augment } = config;
    const host = workerHosts(config.hosts)[rank];
    if (!host) throw new RangeError(`worker 0 to ${config.workers - 1} expected, got ${rank}`);
    const job: WorkerJob = {
      rule: this.#rule,
      optimizer,
      learningRate,
      batchSize,
      engine,
      threads,
      seed,
      dataset: { location: dataset.location, storage: storageAt(host, storage) },
      shuffleBytes,
      augment,
      first: this.#ledger.first(rank),
      normalization,
      shards: this.#addresses(),
    };
    return { header: toHeader(job), sendView: new TextEncoder().encode(topology) };
  }

  async #next(rank: number, finished: Evaluation | null): Promise<Answer> {
    this.#asked.add(rank);
    return { header: toHeader(await this.#schedule.next(rank, finished)) };
  }

  async #averageState(rank: number, state: Vector): Promise<Answer> {
    return { sendView: await this.#state.average(rank, state) };
  }
}

/** A payload is the connection's: the counts by class are copied. */
function withCounts(finished: Evaluation | null, payload: Uint8Array): Evaluation | null {
  if (!finished || payload.length === 0) return finished;
  return { ...finished, correctByClass: new Uint32Array(Uint8Array.from(payload).buffer) };
}

/** One range a shard; shards go round the hosts, and take the ports of a host in order where it names one. */
function shardSeats(config: RunConfig, parameters: number): ShardSeat[] {
  if (config.shards === 0) return [];
  const { hosts } = config;
  return shardRanges(parameters, config.shards).map((range, i) => {
    const host = hosts[i % hosts.length]!;
    const port = host.port > 0 ? host.port + Math.floor(i / hosts.length) : 0;
    return { range, listen: { host: addressOf(host), port }, where: port > 0 ? host.where : null, address: null };
  });
}
