import { Worker } from 'node:worker_threads';
import { LoaderError } from '../errors.js';
import type { SubsetName } from '../sources/source.js';
import type { Garments } from './garments.js';
import type { Picture } from './picture.js';
import type { PlannedPicture } from './plan.js';

/** What a thread is given once. */
export interface DrawingSetup {
  readonly garments: Readonly<Record<SubsetName, Garments>>;
  readonly seed: number;
}

/** A picture as a file. */
export interface Drawn {
  readonly picture: number;
  readonly jpeg: Uint8Array;
  readonly box: Picture['box'];
}

interface Pending {
  readonly resolve: (drawn: Drawn) => void;
  readonly reject: (error: unknown) => void;
}

/** Threads that draw. To be closed; until then they keep the process alive. */
export class DrawingThreads {
  readonly #workers: Worker[];
  readonly #pending = new Map<number, Pending>();
  #failure: LoaderError | null = null;
  #next = 0;

  /** @param count threads, 1 or more */
  constructor(setup: DrawingSetup, count: number) {
    this.#workers = Array.from({ length: count }, () => this.#start(setup));
  }

  #start(setup: DrawingSetup): Worker {
    const worker = new Worker(workerUrl(), { workerData: setup, execArgv: [] });
    worker.on('message', (drawn: Drawn) => {
      this.#pending.get(drawn.picture)?.resolve(drawn);
      this.#pending.delete(drawn.picture);
    });
    worker.on('error', (cause) => this.#fail(cause.message, cause));
    worker.on('exit', (code) => this.#fail(`it ended with exit code ${code}`));
    return worker;
  }

  #fail(why: string, cause?: unknown): void {
    this.#failure ??= new LoaderError('IO', `drawing thread: ${why}`, { cause });
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }

  /**
   * Draws a picture: always the same bytes, whichever thread does it.
   *
   * @throws LoaderError IO when a thread has ended
   */
  draw(picture: PlannedPicture): Promise<Drawn> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#pending.set(picture.picture, { resolve, reject });
      this.#workers[this.#next++ % this.#workers.length]!.postMessage(picture);
    });
  }

  /** Ends the threads; what is being drawn is rejected. Idempotent. */
  async close(): Promise<void> {
    this.#fail('closed');
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** Beside this file when built; in dist when this is the source. */
function workerUrl(): URL {
  const file = import.meta.url.endsWith('.ts') ? '../../dist/synthetic/drawing-thread.js' : './drawing-thread.js';
  return new URL(file, import.meta.url);
}
