import type { Vector } from '@weft/native';
import type { WaitOptions } from '../connection.js';
import { checkTimeout, listenFor } from '../deadline.js';
import { TransportError, type TransportErrorCode } from '../errors.js';
import type { Header } from '../header.js';
import { DEFAULT_TIMES } from '../limits.js';
import { waitError } from '../wait-error.js';
import { collectiveError } from './collective-error.js';
import type { Executor, JobFailure, Reduction, Wire } from './executor.js';
import { collectiveHead } from './frame-head.js';
import type { Program } from './program.js';

/** P processes that carry out collectives together: each calls the same ones, in the same order, with vectors of the same length. */
export interface Group {
  /** 0 … size − 1. */
  readonly rank: number;
  /** P. */
  readonly size: number;
  /** `native`: pieces move on a thread of the addon; `socket`: on the event loop, as under TLS. */
  readonly executor: 'native' | 'socket';
  /** Whether frames carry a checksum. */
  readonly crc: boolean;
  /** Stamped on what is sent; all ranks must have the same. */
  term: number;
  /** Resolves once, when the group is of no more use: with the reason, or undefined where this side closed it. */
  readonly closed: Promise<TransportError | undefined>;
  /** Aborts what runs, and closes the sockets: the others' next collective fails. Any number of calls. */
  close(): Promise<void>;
}

/** One collective, as its function plans it. */
export interface Call extends WaitOptions {
  /** `all-reduce`, for messages and for the frames' header. */
  readonly name: string;
  /** Makes the program; the same for the same name, length and root. */
  program(): Program;
  readonly root?: number | undefined;
  readonly vector: Vector;
  readonly op?: Reduction;
  readonly wire?: Wire;
  readonly factor?: number;
  /** The vector's length at the call. */
  readonly elements: number;
  /** What all ranks must agree on. */
  readonly header: Header;
}

/** A call with what was so when it was made. */
interface Turn {
  readonly call: Call;
  readonly sequence: number;
  readonly term: number;
  readonly timeoutMs: number;
}

export interface OpenGroupOptions {
  readonly rank: number;
  readonly size: number;
  readonly executor: Executor;
  readonly crc: boolean;
  readonly term: number;
  /** `worker 3 on node-a`: this rank. */
  readonly self: string;
  /** `worker 3 at 10.0.0.3:4000`, of a rank. */
  nameOf(rank: number): string;
}

/** Programs that a group keeps. */
const MAX_PROGRAMS = 64;

const CLOSED = 'this side closed the group';

/** A group whose channels are open. */
export class OpenGroup implements Group {
  readonly rank: number;
  readonly size: number;
  readonly crc: boolean;
  readonly closed: Promise<TransportError | undefined>;
  term: number;
  readonly #o: OpenGroupOptions;
  readonly #programs = new Map<string, Program>();
  #sequence = 0;
  #last: Promise<unknown> = Promise.resolve();
  #ended: TransportError | undefined;
  #closing: Promise<void> | undefined;
  #resolveClosed!: (reason: TransportError | undefined) => void;

  constructor(o: OpenGroupOptions) {
    this.#o = o;
    this.rank = o.rank;
    this.size = o.size;
    this.crc = o.crc;
    this.term = o.term;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  get executor(): 'native' | 'socket' {
    return this.#o.executor.kind;
  }

  /** Carries one collective out, after those that were called before it. */
  run(call: Call): Promise<void> {
    const { timeoutMs = DEFAULT_TIMES.requestMs, signal } = call;
    checkTimeout('timeoutMs', timeoutMs);
    this.#sequence += 1;
    const turn: Turn = { call, sequence: this.#sequence, term: this.term, timeoutMs };
    if (signal === undefined) return this.#after(() => this.#execute(turn));
    // An abort is told at once, also where others are carried out first; the group then ends at this one's turn.
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(this.#error(turn, 'aborted', 'aborted', signal.reason));
      if (signal.aborted) onAbort();
      const deaf = listenFor(signal, onAbort);
      const execute = () => {
        deaf();
        return this.#execute(turn);
      };
      this.#after(execute).then(resolve, reject);
    });
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  #after(execute: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(execute);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #close(): Promise<void> {
    const broken = this.#ended !== undefined;
    const operation = `group of ${this.size}, rank ${this.rank}`;
    this.#ended ??= waitError('closed', { operation, self: this.#o.self }, { reason: CLOSED });
    this.#o.executor.abort();
    await this.#last;
    this.#o.executor.close();
    if (!broken) this.#resolveClosed(undefined);
  }

  async #execute(turn: Turn): Promise<void> {
    const { call, sequence, term, timeoutMs } = turn;
    const { name, vector, op = 'sum', wire = 'float32', factor = 1, header, signal } = call;
    if (this.#ended !== undefined) throw this.#tooLate(turn, this.#ended);
    const aborted = () => this.#error(turn, 'aborted', 'aborted', signal?.reason);
    if (signal?.aborted === true) throw this.#end(aborted());
    if (vector.length !== call.elements) {
      const reason = `${call.elements} elements expected, got ${vector.length}: the vector's memory was given away`;
      throw this.#end(this.#error(turn, 'configuration', reason));
    }
    const program = this.#programOf(call);
    if (program.sends.length + program.receives.length === 0) return;
    let wasAborted = false;
    const deaf =
      signal &&
      listenFor(signal, () => {
        wasAborted = true;
        this.#o.executor.abort();
      });
    let head: Uint8Array;
    let failure: JobFailure | undefined;
    try {
      head = collectiveHead({ sequence, term, header: { ...header, collective: name }, crc: this.crc });
      failure = await this.#o.executor.run({ program, vector, op, wire, factor, head, timeoutMs });
    } catch (cause) {
      throw this.#end(this.#error(turn, 'configuration', (cause as Error).message, cause));
    } finally {
      deaf?.();
    }
    if (failure === undefined) {
      // The abort came too late for this one, but the executor carries out no other.
      if (wasAborted) throw this.#end(aborted());
      return;
    }
    const { self, nameOf } = this.#o;
    const abort = wasAborted
      ? ({ code: 'aborted', reason: 'aborted', cause: signal?.reason } as const)
      : ({ code: 'closed', reason: CLOSED } as const);
    throw this.#end(collectiveError({ name, sequence, program, head, failure, timeoutMs, self, abort, nameOf }));
  }

  #error({ call, sequence }: Turn, code: TransportErrorCode, reason: string, cause?: unknown): TransportError {
    const wait = { operation: `${call.name} #${sequence}`, sequence, self: this.#o.self };
    return waitError(code, wait, { reason, cause, retryable: false });
  }

  /** The group ended before a collective's turn: for the same reason, whoever it was. */
  #tooLate({ call, sequence }: Turn, ended: TransportError): TransportError {
    const { code, message, peer, self } = ended;
    const operation = `${call.name} #${sequence}`;
    const o = { operation, sequence, peer, self, cause: ended, reason: message, retryable: false };
    return new TransportError(code, `${operation}: ${message}`, o);
  }

  /** Training asks for the same again and again. */
  #programOf({ name, elements, root, program }: Call): Program {
    const key = `${name} ${elements} ${root ?? ''}`;
    const known = this.#programs.get(key);
    if (known !== undefined) return known;
    if (this.#programs.size >= MAX_PROGRAMS) this.#programs.clear();
    const made = program();
    this.#programs.set(key, made);
    return made;
  }

  /** After a failure the streams are cut inside a frame: no later collective could be right. */
  #end(reason: TransportError): TransportError {
    if (this.#ended === undefined) {
      this.#ended = reason;
      this.#resolveClosed(reason);
      this.#o.executor.close(); // no job runs now; the others must not wait for this rank
    }
    return reason;
  }
}
