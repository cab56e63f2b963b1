/** A replica whose model runs in a worker thread; parameters, gradients and batches lie in shared memory. */
import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { Vector } from '@weft/native';
import { type BatchShape, checkBatch, checkInputs } from './batch.js';
import type { ReplicaSetup } from './engine-slot.js';
import { ModelError, messageOf } from './errors.js';
import type { Batch, Replica, Scores, WeightRange } from './replica.js';
import type { ReplicaReply, ReplicaRequest } from './replica-thread.js';
import { SharedBatch } from './shared-batch.js';
import type { TfjsStepOptions } from './tfjs-step.js';

interface Pending {
  readonly resolve: (scores: Scores | null) => void;
  readonly reject: (error: unknown) => void;
}

/** The request without its number. */
type Question = ReplicaRequest extends infer R ? (R extends ReplicaRequest ? Omit<R, 'id'> : never) : never;

/** Which thread, and what it is given besides the vectors and the model. */
export interface WorkerReplicaOptions {
  /** For messages: 'tfjs'. */
  readonly name: string;
  /** The worker's file in this package, without its ending: 'tfjs-worker'. */
  readonly file: string;
  readonly setup: ReplicaSetup;
  /** More for workerData. */
  readonly data?: Readonly<Record<string, unknown>>;
  readonly env?: WorkerOptions['env'];
}

/**
 * Starts the thread and builds the model in it. workerData are {@link TfjsStepOptions} and `data`.
 *
 * @throws ModelError `worker-failed` when the thread ends before it is ready, `engine-unavailable` when it says so; the
 *   signal's reason when it is aborted
 */
export async function createWorkerReplica(o: WorkerReplicaOptions): Promise<Replica> {
  const { setup, name, env } = o;
  const { signal } = setup;
  signal?.throwIfAborted();
  const parameters = sharedCopy(setup.parameters);
  const gradients = sharedVector(parameters.length);
  const state = sharedCopy(setup.state);
  const { topology, loss, normalization, seed } = setup;
  const common: TfjsStepOptions = { topology, loss, normalization, seed, parameters, gradients, state };
  const workerData = { ...common, ...o.data };
  const worker = new Worker(workerUrl(o.file), { workerData, execArgv: [], ...(env !== undefined && { env }) });
  try {
    const engine = await ready(worker, name, signal);
    return new WorkerReplica({ worker, name, engine, setup, parameters, gradients, state });
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

class WorkerReplica implements Replica {
  readonly engine: string;
  readonly layout: readonly WeightRange[];
  readonly parameters: Vector;
  readonly gradients: Vector;
  readonly state: Vector;
  readonly #worker: Worker;
  readonly #shape: BatchShape;
  readonly #shared = new SharedBatch();
  readonly #pending = new Map<number, Pending>();
  /** Settles when the call before the next one has: calls share one batch buffer. */
  #last: Promise<unknown> = Promise.resolve();
  #nextId = 0;
  #closed: ModelError | null = null;

  constructor(o: {
    worker: Worker;
    name: string;
    engine: string;
    setup: ReplicaSetup;
    parameters: Vector;
    gradients: Vector;
    state: Vector;
  }) {
    this.engine = o.engine;
    this.layout = o.setup.layout;
    this.parameters = o.parameters;
    this.gradients = o.gradients;
    this.state = o.state;
    this.#worker = o.worker;
    this.#shape = o.setup.shape;
    this.#worker.on('message', (reply: ReplicaReply) => this.#settle(reply));
    this.#worker.on('error', (cause) => this.#close(failed(o.name, messageOf(cause), cause)));
    this.#worker.on('exit', (code) => this.#close(failed(o.name, `it ended with exit code ${code}`)));
    // An idle replica does not keep the process alive; a pending call does.
    this.#worker.unref();
  }

  gradient(batch: Batch): Promise<Scores> {
    return this.#scored('gradient', batch);
  }

  evaluate(batch: Batch): Promise<Scores> {
    return this.#scored('evaluate', batch);
  }

  predict(batch: Pick<Batch, 'inputs' | 'size'>): Promise<Vector> {
    return this.#inTurn(async () => {
      checkInputs(batch, this.#shape);
      const { size } = batch;
      const out = this.#shared.outputs(size * this.#shape.outputs);
      await this.#ask({ kind: 'predict', batch: { inputs: this.#shared.inputs(batch.inputs), size }, out });
      return new Float32Array(out);
    });
  }

  dispose(): void {
    this.#close(new ModelError('disposed', 'replica: it was disposed'));
  }

  #scored(kind: 'gradient' | 'evaluate', batch: Batch): Promise<Scores> {
    return this.#inTurn(async () => {
      checkBatch(batch, this.#shape);
      const scores = await this.#ask({ kind, batch: this.#shared.batch(batch) });
      return scores as Scores;
    });
  }

  /** Runs calls one after another, in the order in which they came. */
  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#last.then(call);
    this.#last = result.catch(() => undefined);
    return result;
  }

  #ask(question: Question): Promise<Scores | null> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage({ ...question, id } satisfies ReplicaRequest);
    });
  }

  #settle(reply: ReplicaReply): void {
    if ('ready' in reply) return;
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if ('error' in reply) pending?.reject(new ModelError(reply.error.code, reply.error.message));
    else pending?.resolve(reply.scores);
  }

  #close(reason: ModelError): void {
    if (this.#closed !== null) return;
    this.#closed = reason;
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    void this.#worker.terminate();
  }
}

function ready(worker: Worker, name: string, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const aborted = () => settle(() => reject(signal?.reason));
    const message = (reply: ReplicaReply) => settle(() => resolve('ready' in reply ? reply.ready : name));
    const error = (cause: unknown) => settle(() => reject(failed(name, messageOf(cause), cause)));
    const exit = (code: number) => settle(() => reject(failed(name, `it ended with exit code ${code}`)));
    const settle = (how: () => void) => {
      signal?.removeEventListener('abort', aborted);
      // One by one: removing all at once would also remove those by which Node wires the port.
      worker.off('message', message).off('error', error).off('exit', exit);
      how();
    };
    signal?.addEventListener('abort', aborted, { once: true });
    worker.on('message', message).on('error', error).on('exit', exit);
  });
}

function failed(name: string, why: string, cause?: unknown): ModelError {
  // Node carries an error's own properties from thread to thread, but not its class.
  const unavailable = (cause as { code?: unknown } | undefined)?.code === 'engine-unavailable';
  if (unavailable) return new ModelError('engine-unavailable', why, { cause });
  return new ModelError('worker-failed', `${name} worker thread: ${why}`, { cause });
}

/** Beside this file when built; in dist when this is the source. */
function workerUrl(file: string): URL {
  const fromSource = import.meta.url.endsWith('.ts');
  return new URL(`${fromSource ? '../dist/' : './'}${file}.js`, import.meta.url);
}

function sharedVector(length: number): Vector {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}

function sharedCopy(values: Vector): Vector {
  const copy = sharedVector(values.length);
  copy.set(values);
  return copy;
}
