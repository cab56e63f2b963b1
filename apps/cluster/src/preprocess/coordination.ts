/** Brings up the workers of a preprocessing, has them fit and transform, and keeps what they have finished. */
import { performance } from 'node:perf_hooks';
import type { Dataset, StagedShards, StorageOptions } from '@weft/hdfs-loader';
import { encodeTransformer, type FitProgress, type Pipeline } from '@weft/preprocessing';
import type { Answer, Message } from '@weft/transport';
import { ControlKind, type NodeSeat, readHeader, SCHEMAS, toHeader } from '../control-messages.js';
import { type Deferred, deferred } from '../deferred.js';
import { ClusterError, oneLine } from '../errors.js';
import { addressOf, workerHosts } from '../hosts.js';
import type { NodeProcess } from '../launcher.js';
import { storageAt } from '../node-storage.js';
import { RunControl } from '../run-control.js';
import type { PreprocessConfig } from './config.js';
import { FitRows, type FitRunning } from './fit-progress.js';
import { PREPROCESS_SCHEMAS, type PreprocessJob, PreprocessKind, type ShardDone, type ShardTask } from './messages.js';
import type { Notes } from './notes.js';
import type { ShardQueue } from './shard-queue.js';
import type { Piece } from './slices.js';

/** The fitted pipeline's file, beside the manifest of the data set. */
export const STATE_FILE = 'preprocessing.safetensors';

export interface PreprocessRun {
  readonly config: PreprocessConfig;
  /** Name of the run: part of every handshake. */
  readonly run: string;
  readonly source: Pick<Dataset, 'location' | 'manifest'>;
  readonly staged: StagedShards;
  /** How the workers reach both storages. */
  readonly storage: StorageOptions;
  /** As far as it was fitted by an earlier process. */
  readonly pipeline: Pipeline;
  readonly pieces: readonly (readonly Piece[])[];
  readonly queue: ShardQueue;
  readonly notes: Notes;
  readonly logDir: string;
  readonly signal: AbortSignal;
  // What these throw, or reject with, ends the run, and is what coordinatePreprocess() rejects with.
  readonly onLine: (line: string) => void;
  readonly onStarted: (nodes: readonly NodeProcess[]) => void;
  readonly onFit: (running: FitRunning) => void;
  readonly onFitted: (step: number, seconds: number) => void;
  readonly onWritten: () => void;
}

/**
 * Runs the workers from start to end. All have ended when the promise settles, and every shard is journalled when it is fulfilled.
 *
 * @returns the fitted pipeline as its file has it
 * @throws {ClusterError} `node` when a process fails, `interrupted` when the signal aborts; what the storage throws
 */
export async function coordinatePreprocess(o: PreprocessRun): Promise<Uint8Array> {
  const run = new Coordination(o);
  try {
    return await run.result();
  } finally {
    await run.end();
  }
}

interface Address {
  readonly host: string;
  readonly port: number;
}

class Coordination {
  readonly #o: PreprocessRun;
  readonly #workers: number;
  readonly #control: RunControl;
  readonly #rows: FitRows;
  /** A pipeline as encodeTransformer writes it. */
  #state: Uint8Array;
  readonly #fits: boolean;
  /** The steps that are not fitted yet, as they are spelt. */
  readonly #unfitted: string[];
  readonly #fitted = deferred<void>();
  readonly #written = deferred<void>();
  readonly #joined = new Set<number>();
  readonly #addresses = new Map<number, Address>();
  readonly #met: Deferred<void> = deferred();
  readonly #notices = new Set<string>();
  /** Files of the staging folder are written one after the other. */
  #keeping: Promise<void> = Promise.resolve();
  #stepStartedMs = 0;

  constructor(o: PreprocessRun) {
    const { config, run, logDir, signal, pipeline, source } = o;
    const { hosts, insecure } = config;
    this.#o = o;
    this.#workers = workerHosts(hosts).length;
    this.#rows = new FitRows(source.manifest.subsets.train.samples);
    this.#state = Buffer.concat(encodeTransformer(pipeline));
    this.#fits = !pipeline.isFitted;
    this.#unfitted = pipeline.text.split(',').filter((_, i) => !pipeline.steps[i]!.isFitted);
    this.#control = new RunControl({
      ...{ run, hosts, insecure, logDir, signal },
      members: this.#workers,
      answer: (message) => this.#answer(message),
      isReady: ({ rank }) => this.#joined.has(rank),
    });
    if (!this.#fits) this.#fitted.resolve();
  }

  result(): Promise<Uint8Array> {
    return this.#control.during(async () => {
      const nodes = await this.#control.start(this.#seats());
      this.#control.tell(() => this.#o.onStarted(nodes));
      this.#stepStartedMs = performance.now();
      await this.#fitted.promise;
      if (this.#o.queue.isDone) this.#written.resolve();
      await this.#written.promise;
      return this.#state;
    });
  }

  /** Tells every process to end, and returns when all have. */
  async end(): Promise<void> {
    await this.#control.end();
    // What is being kept is kept: the next run goes on from it.
    await this.#keeping.catch(() => {});
  }

  #seats(): NodeSeat[] {
    return workerHosts(this.#o.config.hosts).map((host, rank) => ({
      role: 'preprocessor' as const,
      rank,
      listen: { host: addressOf(host), port: 0 },
    }));
  }

  #answer(message: Message): Answer | undefined | Promise<Answer | undefined> {
    const { peer, header, kind } = message;
    const where = `${peer.role} ${peer.rank}`;
    switch (kind) {
      case ControlKind.join:
        return this.#job(peer.rank);
      case PreprocessKind.meet:
        return this.#meet(peer.rank, readHeader(PREPROCESS_SCHEMAS.address, header, where));
      case ControlKind.progress:
        this.#progress(peer.rank, readHeader(PREPROCESS_SCHEMAS.progress, header, where));
        return undefined;
      case PreprocessKind.notice:
        this.#notice(readHeader(PREPROCESS_SCHEMAS.notice, header, where).line);
        return undefined;
      case PreprocessKind.fitted: {
        const { step, isLast } = readHeader(PREPROCESS_SCHEMAS.fitted, header, where);
        // The payload is lent until this has settled.
        return this.#keepState({ step, isLast, state: message.payload.slice() });
      }
      case ControlKind.state:
        return this.#whole();
      case ControlKind.next:
        return { header: toHeader(this.#task(peer.rank)) };
      case PreprocessKind.written:
        return this.#keepShard(peer.rank, readHeader(PREPROCESS_SCHEMAS.done, header, where));
      case ControlKind.failed:
        this.#control.failed(peer, readHeader(SCHEMAS.failed, header, where).message);
        return {};
      default:
        throw new TypeError(`${where}: a message of a preprocessing expected, got frame kind ${kind}`);
    }
  }

  #job(rank: number): Answer {
    const { config, source, staged, storage, pieces } = this.#o;
    const host = workerHosts(config.hosts)[rank];
    if (!host) throw new RangeError(`preprocessor 0 to ${this.#workers - 1} expected, got ${rank}`);
    this.#joined.add(rank);
    const own = storageAt(host, storage);
    const job: PreprocessJob = {
      source: { location: source.location, storage: own },
      staging: { location: config.destination, storage: own, dir: staged.dir },
      classes: source.manifest.classes,
      seed: config.seed,
      workers: this.#workers,
      fits: this.#fits,
      pieces: this.#fits ? pieces[rank]! : [],
      cacheBytes: Math.floor(config.cacheBytes / this.#workers),
      device: config.device,
      threads: config.threads,
    };
    return { header: toHeader(job), sendView: this.#state };
  }

  #progress(rank: number, progress: FitProgress): void {
    // Others are in the next step while rank 0 hands over the one before.
    if (progress.step !== this.#unfitted[0]) return;
    const running = this.#rows.add(rank, progress);
    this.#control.tell(() => this.#o.onFit(running));
  }

  async #meet(rank: number, address: Address): Promise<Answer> {
    this.#addresses.set(rank, address);
    if (this.#addresses.size === this.#workers) this.#met.resolve();
    await this.#met.promise;
    const addresses = Array.from({ length: this.#workers }, (_, i) => this.#addresses.get(i)!);
    return { header: { addresses } };
  }

  /** All workers look for the same GPU: once is enough. */
  #notice(line: string): void {
    if (this.#notices.has(line)) return;
    this.#notices.add(line);
    this.#control.tell(() => this.#o.onLine(line));
  }

  async #keepState(o: { step: number; isLast: boolean; state: Uint8Array }): Promise<Answer> {
    const seconds = (performance.now() - this.#stepStartedMs) / 1000;
    const { staged, notes } = this.#o;
    await this.#keep(async () => {
      await notes.fitted(o.step, seconds);
      await staged.writeFile(`data/${STATE_FILE}`, o.state);
    });
    this.#state = o.state;
    this.#unfitted.shift();
    this.#control.tell(() => this.#o.onFitted(o.step, seconds));
    this.#stepStartedMs = performance.now();
    if (o.isLast) this.#fitted.resolve();
    return {};
  }

  async #whole(): Promise<Answer> {
    await this.#fitted.promise;
    return { sendView: this.#state };
  }

  #task(rank: number): ShardTask {
    const ref = this.#o.queue.next(rank);
    return ref === null ? { kind: 'stop' } : { kind: 'transform', ...ref };
  }

  async #keepShard(rank: number, { subset, index, shard, error }: ShardDone): Promise<Answer> {
    const { staged, queue } = this.#o;
    await this.#keep(() => staged.add(subset, index, shard, error ?? undefined));
    queue.written(rank, { subset, index });
    this.#control.tell(() => this.#o.onWritten());
    if (queue.isDone) this.#written.resolve();
    return {};
  }

  /** No answer carries an error back from here: what cannot be kept ends the run. */
  #keep(work: () => Promise<void>): Promise<void> {
    const kept = this.#keeping.then(work);
    this.#keeping = kept;
    return kept.catch((error: unknown) => {
      this.#control.fail(new ClusterError('data', oneLine(error), { cause: error }));
      return new Promise<void>(() => {});
    });
  }
}
