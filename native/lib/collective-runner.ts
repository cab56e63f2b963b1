/** Collectives on a thread of their own: moves and reduces the chunks of one rank over sockets that are connected already. */
import { NativeError } from './errors.js';
import { addon, type NativeCollectiveRunner } from './native.js';
import type { Vector } from './vector.js';

/** Numbers of a row of `sends` and `receives`. */
export const TRANSFER_FIELDS = 6;

/** How elements are written on the wire, by the addon's number. */
const WIRE_CODES = { float32: 0, fp16: 1, bf16: 2, int8: 3 } as const;
/** How two vectors become one, by the addon's number. */
const REDUCTION_CODES = { sum: 0, max: 1 } as const;
/** How a range is sent, by the addon's number. */
export const ENCODING_CODES = { plain: 0, encode: 1, keep: 2, forward: 3 } as const;
/** Bits of a receive. */
export const RECEIVE_FLAGS = { reduce: 1, plain: 2, scale: 4 } as const;

/** One collective of one rank. Rows of six numbers: channel, start, end, after, and a send's encoding or a receive's flags, 0. */
export interface CollectiveJob {
  readonly vector: Vector;
  readonly sends: Float64Array;
  readonly receives: Float64Array;
  /** Prefix and padded header of every frame, its payloadBytes and prefixCrc still 0. */
  readonly head: Uint8Array;
  readonly wire: keyof typeof WIRE_CODES;
  readonly op: keyof typeof REDUCTION_CODES;
  /** What a receive with the flag `scale` is multiplied by; 1: not at all. */
  readonly factor: number;
  readonly crc: boolean;
  readonly timeoutMs: number;
}

/** Why a job failed, by the addon's number. */
const FAILURES = ['none', 'timeout', 'aborted', 'lost', 'head', 'checksum'] as const;

/** How a job ended. After a failure the streams are cut inside a frame, and the runner has closed them. */
export interface CollectiveOutcome {
  readonly failure: (typeof FAILURES)[number];
  readonly receiving?: boolean;
  /** Index of the channel that was waited for; −1: none. */
  readonly channel?: number;
  /** Index of the transfer. */
  readonly transfer?: number;
  readonly bytes?: number;
  readonly expectedBytes?: number;
  /** errno; 0: the end of the stream. */
  readonly error?: number;
  /** The beginning of a frame that is another than expected. */
  readonly came?: Uint8Array;
}

/** A runner's channels, as descriptors of connected sockets. */
export interface CollectiveSockets {
  readonly receive: readonly number[];
  readonly send: readonly number[];
  /** What had been read already of each socket to receive on. */
  readonly rests: readonly Uint8Array[];
  /** Tries before the thread sleeps in poll(), some nanoseconds each; few where processes exceed cores. */
  readonly spins: number;
}

/**
 * Whether collectives can run on a thread here: an addon is there, and was built on Linux.
 *
 * @example hasCollectiveRunner() // true
 */
export function hasCollectiveRunner(): boolean {
  const found = addon();
  return found.ok && found.addon.CollectiveRunner !== undefined;
}

/**
 * The thread and its sockets. It takes duplicates of the descriptors: the caller closes its own.
 *
 * @throws {NativeError} `no-addon` where there is none
 * @example const runner = new CollectiveRunner({ receive: [fd], send: [fd], rests: [new Uint8Array(0)], spins: 2000 });
 */
export class CollectiveRunner {
  readonly #native: NativeCollectiveRunner;
  #running = false;
  #closed = false;

  constructor(o: CollectiveSockets) {
    const found = addon();
    if (!found.ok) throw new NativeError('no-addon', `collective runner: ${found.reason}`);
    const Runner = found.addon.CollectiveRunner;
    if (Runner === undefined) throw new NativeError('no-addon', 'collective runner: Linux expected');
    this.#native = new Runner([...o.receive], [...o.send], [...o.rests], o.spins);
  }

  /**
   * Carries out one job; one at a time. The vector belongs to the thread until the promise settles.
   *
   * @throws {NativeError} `busy`, `disposed`, `bad-argument`
   */
  async run(job: CollectiveJob): Promise<CollectiveOutcome> {
    if (this.#closed) throw new NativeError('disposed', 'collective runner: an open one expected');
    if (this.#running) throw new NativeError('busy', 'collective runner: one job at a time expected');
    this.#running = true;
    try {
      const { wire, op, factor, crc, timeoutMs } = job;
      const o = { wire: WIRE_CODES[wire], op: REDUCTION_CODES[op], factor, crc, timeoutMs };
      const outcome = await this.#native.run(job.vector, job.sends, job.receives, job.head, o);
      return { ...outcome, failure: FAILURES[outcome.failure]! };
    } catch (cause) {
      throw new NativeError('bad-argument', `collective runner: ${(cause as Error).message}`, { cause });
    } finally {
      this.#running = false;
    }
  }

  /** Ends the running job with `aborted`, and all later ones. */
  abort(): void {
    if (!this.#closed) this.#native.abort();
  }

  /** Ends the thread, which closes its sockets: soon, without waiting for it. To be called when no job runs. */
  close(): void {
    if (this.#closed) return;
    if (this.#running) throw new NativeError('busy', 'collective runner: no running job expected at close');
    this.#closed = true;
    this.#native.close();
  }
}
