import { getSystemErrorName } from 'node:util';
import { CollectiveRunner, ENCODING_CODES, RECEIVE_FLAGS, TRANSFER_FIELDS } from '@weft/native';
import type { Executor, Job, JobFailure } from './executor.js';
import type { Program } from './program.js';

export interface NativeExecutorOptions {
  /** The ranks, in the order of the descriptors. */
  readonly peers: readonly number[];
  /** Sockets to receive on and to send on, one a peer; duplicated, so that the caller closes its own. */
  readonly receive: readonly number[];
  readonly send: readonly number[];
  /** What had been read of the sockets to receive on already. */
  readonly rests: readonly Uint8Array[];
  /** Whether frames carry a checksum. */
  readonly crc: boolean;
  /** Tries before the thread sleeps; few where ranks exceed cores. */
  readonly spins: number;
}

/** A program as the addon takes it. */
interface Rows {
  readonly sends: Float64Array;
  readonly receives: Float64Array;
}

/** Carries programs out in the addon, on a thread of its own: the event loop is free meanwhile. */
export class NativeExecutor implements Executor {
  readonly kind = 'native';
  readonly #o: NativeExecutorOptions;
  readonly #runner: CollectiveRunner;
  readonly #known = new WeakMap<Program, Rows>();
  readonly #channels: ReadonlyMap<number, number>;

  constructor(o: NativeExecutorOptions) {
    this.#o = o;
    this.#runner = new CollectiveRunner(o);
    this.#channels = new Map(o.peers.map((peer, i) => [peer, i]));
  }

  async run(job: Job): Promise<JobFailure | undefined> {
    const outcome = await this.#runner.run({
      ...job,
      ...this.#rows(job.program),
      crc: this.#o.crc,
    });
    if (outcome.failure === 'none') return undefined;
    const { channel = -1, transfer = -1, error = 0 } = outcome;
    return {
      failure: outcome.failure,
      receiving: outcome.receiving ?? true,
      peer: this.#o.peers[channel],
      transfer,
      bytes: outcome.bytes ?? 0,
      expectedBytes: outcome.expectedBytes ?? 0,
      reason: error === 0 ? undefined : getSystemErrorName(-error),
      came: outcome.came,
    };
  }

  abort(): void {
    this.#runner.abort();
  }

  close(): void {
    this.#runner.close();
  }

  #rows(program: Program): Rows {
    const known = this.#known.get(program);
    if (known !== undefined) return known;
    const { sends, receives } = program;
    const rows = {
      sends: new Float64Array(sends.length * TRANSFER_FIELDS),
      receives: new Float64Array(receives.length * TRANSFER_FIELDS),
    };
    sends.forEach(({ peer, start, end, after, encoding }, i) => {
      rows.sends.set([this.#channels.get(peer)!, start, end, after, ENCODING_CODES[encoding]], i * TRANSFER_FIELDS);
    });
    receives.forEach(({ peer, start, end, after, action, plain, last }, i) => {
      const flags =
        (action === 'reduce' ? RECEIVE_FLAGS.reduce : 0) |
        (plain ? RECEIVE_FLAGS.plain : 0) |
        (last ? RECEIVE_FLAGS.scale : 0);
      rows.receives.set([this.#channels.get(peer)!, start, end, after, flags], i * TRANSFER_FIELDS);
    });
    this.#known.set(program, rows);
    return rows;
  }
}
