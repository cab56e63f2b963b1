/** Brings up the processes of a run, hands out its work, and fails as a whole when one of them fails. */
import { type Dataset, epochGroups, type StorageOptions } from '@weft/hdfs-loader';
import type { Evaluation, Progress, Vector } from '@weft/trainer';
import {
  type Answer,
  asFloat32,
  listen,
  type Message,
  newToken,
  type Server,
  type ShardRange,
  shardRanges,
} from '@weft/transport';
import type { RunConfig } from './config.js';
import {
  ControlKind,
  type NodeStart,
  type RuleJob,
  readHeader,
  SCHEMAS,
  type ShardJob,
  toHeader,
  type WorkerJob,
} from './control-messages.js';
import { deferred } from './deferred.js';
import { ClusterError, interrupted, oneLine } from './errors.js';
import { addressOf, coordinatorAddress, isPartOfThisMachine, workerHosts } from './hosts.js';
import type { NodeProcess } from './launcher.js';
import { Ledger } from './ledger.js';
import type { Locality } from './locality.js';
import { placesFor, tlsOptions } from './node-connection.js';
import { NodeGroup, withPid } from './node-group.js';
import { leaseSamples, Schedule } from './schedule.js';
import { StateAverage } from './state-average.js';
import { BARRIER_MS, DETECTION_MS, HEARTBEAT_MS, START_MS } from './timing.js';
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
  readonly listen: NodeStart['listen'];
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
  if (o.signal.aborted) throw interrupted();
  const run = new Coordination(o);
  try {
    return await run.result();
  } finally {
    await run.end();
  }
}

class Coordination {
  readonly #o: CoordinatorOptions;
  readonly #token = newToken();
  readonly #rule: RuleJob;
  readonly #shards: ShardSeat[];
  readonly #ledger: Ledger;
  readonly #schedule: Schedule;
  readonly #group = new NodeGroup({ onFailure: (error) => this.#fail(error) });
  readonly #serving = deferred<void>();
  readonly #scored = deferred<void>();
  /** Rejects with the first thing that goes wrong. */
  readonly #failure = deferred<never>();
  readonly #asked = new Set<number>();
  readonly #state: StateAverage;
  #server: Server | null = null;

  constructor(o: CoordinatorOptions) {
    const { config, locality } = o;
    const { classes, subsets } = o.dataset.manifest;
    const { train, test } = subsets;
    const { trainer, window, workers, settings, batchSize, epochs, seed, shuffleBytes, ordered } = config;
    this.#o = o;
    this.#rule = { trainer, window, workers, settings };
    this.#shards = shardSeats(config, o.initial.length);
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
      onEpochStart: (epoch) => this.#tell(() => o.onEpochStart(epoch)),
      onEpochTrained: () => this.#tell(() => o.onEpochTrained()),
      onEpochScored: (epoch, scores) => {
        this.#tell(() => o.onEpochScored(epoch, scores));
        if (epoch + 1 === epochs) this.#scored.resolve();
      },
    });
    this.#failure.promise.catch(() => {});
    if (this.#shards.length === 0) this.#serving.resolve();
  }

  async result(): Promise<Trained> {
    const { signal } = this.#o;
    const onAbort = (): void => this.#fail(interrupted());
    signal.addEventListener('abort', onAbort, { once: true });
    const late = setTimeout(() => this.#failLate(), START_MS);
    try {
      const server = await this.#listen();
      await Promise.race([this.#startNodes(server), this.#failure.promise]);
      await Promise.race([this.#scored.promise, this.#failure.promise]);
      return await Promise.race([this.#collect(), this.#failure.promise]);
    } finally {
      clearTimeout(late);
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Tells every process to end, and returns when all have. */
  async end(): Promise<void> {
    await this.#group.end();
    await this.#server?.close();
  }

  async #listen(): Promise<Server> {
    this.#server = await listen({
      host: coordinatorAddress(this.#o.config.hosts),
      port: 0,
      identity: { role: 'coordinator', rank: 0, run: this.#o.run },
      token: this.#token,
      heartbeatMs: HEARTBEAT_MS,
      detectionMs: DETECTION_MS,
      ...tlsOptions(this.#o.config),
      ...placesFor(this.#shards.length + this.#o.config.workers),
      handler: (message) => this.#answer(message),
      handlerTimeoutMs: BARRIER_MS, // an answer that is held back is a barrier
      onConnection: (connection) => this.#group.connected(connection),
    });
    return this.#server;
  }

  async #startNodes({ host, port }: Server): Promise<void> {
    const { config, run, logDir } = this.#o;
    const token = Buffer.from(this.#token).toString('hex');
    const common = { run, token, insecure: config.insecure, host, port };
    const free = { host, port: 0 };
    const shards = this.#shards.map((seat, rank) => ({ ...common, role: 'shard' as const, rank, listen: seat.listen }));
    const workers = Array.from({ length: config.workers }, (_, rank) => ({
      ...common,
      role: 'worker' as const,
      rank,
      listen: free,
    }));
    await this.#group.start([...shards, ...workers], logDir);
    this.#tell(() => this.#o.onStarted(this.#group.nodes));
  }

  async #collect(): Promise<Trained> {
    const { config, initial, run } = this.#o;
    try {
      const collected =
        this.#shards.length > 0
          ? await collectFromShards({
              shards: this.#addresses(),
              run,
              token: this.#token,
              parameters: initial.length,
              ...tlsOptions(config),
            })
          : await collectFromWorker(this.#group.connection({ role: 'worker', rank: 0 }));
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
        this.#tell(() => this.#o.onEngine(peer.rank, engine, reason));
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
        this.#group.failed(peer, line ? `${words} (${line})` : words);
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
      this.#fail(new ClusterError('node', `worker ${rank}: ${oneLine(error)}`, { cause: error }));
      return;
    }
    this.#tell(() => this.#o.onProgress(rank, progress));
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
    // A machine knows its own names best, unless it stands for several.
    const localHosts = isPartOfThisMachine(host.name) ? [host.name] : undefined;
    const job: WorkerJob = {
      rule: this.#rule,
      optimizer,
      learningRate,
      batchSize,
      engine,
      threads,
      seed,
      dataset: { location: dataset.location, storage: given({ ...storage, localHosts, onWait: undefined }) },
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

  #failLate(): void {
    const { workers } = this.#o.config;
    if (this.#asked.size === workers) return;
    const missing = this.#group.nodes.filter(({ role, rank }) =>
      role === 'worker' ? !this.#asked.has(rank) : this.#shards[rank]?.address === null,
    );
    const [first] = missing;
    const others = missing.length > 1 ? ` (and ${missing.length - 1} more)` : '';
    const who = first ? `${withPid(first)}${others}` : `${workers - this.#asked.size} workers`;
    const log = first ? `; log: ${first.logFile}` : '';
    this.#fail(new ClusterError('node', `${who} not ready after ${START_MS / 1000} s${log}`));
  }

  /** A watcher that throws (a full disk, a view) ends the run. No worker is told: it could not help. */
  #tell(call: () => void | Promise<void>): void {
    try {
      Promise.resolve(call()).catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure.reject(error);
  }
}

/** A payload is the connection's: the counts by class are copied. */
function withCounts(finished: Evaluation | null, payload: Uint8Array): Evaluation | null {
  if (!finished || payload.length === 0) return finished;
  return { ...finished, correctByClass: new Uint32Array(Uint8Array.from(payload).buffer) };
}

/** Without what is not said: the wire would make a null of it. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
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
