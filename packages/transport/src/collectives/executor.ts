import type { Vector } from '@weft/native';
import type { ElementCodecName } from '../compression/element-codec.js';
import type { Program } from './program.js';

/** How elements are written on the wire. */
export type Wire = ElementCodecName;
/** How ranges of two ranks become one. */
export type Reduction = 'sum' | 'max';

/** One collective of one rank, ready to be carried out. */
export interface Job {
  readonly program: Program;
  readonly vector: Vector;
  readonly wire: Wire;
  readonly op: Reduction;
  /** What complete sums are multiplied by: 1/P for the mean, else 1. */
  readonly factor: number;
  /** Prefix and padded header of every frame, its payloadBytes and prefixCrc still 0. */
  readonly head: Uint8Array;
  readonly timeoutMs: number;
}

/** How a job failed: what was waited for, and how much of it had come or gone. */
export interface JobFailure {
  readonly failure: 'timeout' | 'aborted' | 'lost' | 'head' | 'checksum';
  readonly receiving: boolean;
  /** The rank that was waited for; undefined: none. */
  readonly peer: number | undefined;
  /** Index of the transfer, of how many. */
  readonly transfer: number;
  readonly bytes: number;
  readonly expectedBytes: number;
  /** What the operating system said. */
  readonly reason: string | undefined;
  /** The beginning of a frame that is another than expected. */
  readonly came: Uint8Array | undefined;
}

/** Carries out programs over a group's sockets, one at a time. */
export interface Executor {
  /** `native`: on a thread of its own; `socket`: on the event loop. */
  readonly kind: 'native' | 'socket';
  /** Resolves with what failed, or undefined. After a failure the streams are cut inside a frame, and closed. */
  run(job: Job): Promise<JobFailure | undefined>;
  /** Ends the running job with `aborted`. */
  abort(): void;
  /** Closes the sockets. To be called when no job runs. */
  close(): void;
}
