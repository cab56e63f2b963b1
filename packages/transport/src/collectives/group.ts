import type { Vector } from '@weft/native';
import type { WaitOptions } from '../connection.js';
import { checkTimeout } from '../deadline.js';
import { TransportError } from '../errors.js';
import type { Header } from '../header.js';
import { DEFAULT_TIMES } from '../limits.js';
import { collectiveError } from './collective-error.js';
import type { Executor, Reduction, Wire } from './executor.js';
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
  /** What all ranks must agree on. */
  readonly header: Header;
}

export interface OpenGroupOptions {
  readonly rank: number;
  readonly size: number;
  readonly executor: Executor;
  readonly crc: boolean;
  readonly term: number;
  /** `worker 3 at 10.0.0.3:4000`, of a rank. */
  nameOf(rank: number): string;
}

/** Programs that a group keeps. */
const MAX_PROGRAMS = 64;

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
    const { timeoutMs = DEFAULT_TIMES.requestMs } = call;
    checkTimeout('timeoutMs', timeoutMs);
    this.#sequence += 1;
    const sequence = this.#sequence;
    const turn = this.#last.then(() => this.#execute(call, sequence, timeoutMs));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    const broken = this.#ended !== undefined;
    this.#ended ??= new TransportError('closed', `${this.#name}: this side closed the group`);
    this.#o.executor.abort();
    await this.#last;
    this.#o.executor.close();
    if (!broken) this.#resolveClosed(undefined);
  }

  async #execute(call: Call, sequence: number, timeoutMs: number): Promise<void> {
    const operation = `${call.name} #${sequence}`;
    if (this.#ended !== undefined) {
      const { code, message } = this.#ended;
      throw new TransportError(code, `${operation}: ${message}`, { cause: this.#ended, operation, retryable: false });
    }
    const { vector, op = 'sum', wire = 'float32', factor = 1, header, signal } = call;
    const program = this.#programOf(call);
    const aborted = () => new TransportError('aborted', `${operation}: aborted`, { operation, cause: signal?.reason });
    if (signal?.aborted === true) throw this.#end(aborted());
    if (program.sends.length + program.receives.length === 0) return;
    const head = collectiveHead({
      sequence,
      term: this.term,
      header: { ...header, collective: call.name },
      crc: this.crc,
    });
    let wasAborted = false;
    const onAbort = () => {
      wasAborted = true;
      this.#o.executor.abort();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const failure = await this.#o.executor.run({ program, vector, op, wire, factor, head, timeoutMs });
    signal?.removeEventListener('abort', onAbort);
    if (failure === undefined) return;
    if (failure.failure === 'aborted') throw wasAborted ? this.#end(aborted()) : (this.#ended ?? aborted());
    const { rank, size, nameOf } = this.#o;
    throw this.#end(collectiveError({ operation, program, head, failure, timeoutMs, rank, size, nameOf }));
  }

  /** Training asks for the same again and again. */
  #programOf({ name, vector, root, program }: Call): Program {
    const key = `${name} ${vector.length} ${root ?? ''}`;
    const known = this.#programs.get(key);
    if (known !== undefined) return known;
    if (this.#programs.size >= MAX_PROGRAMS) this.#programs.clear();
    const made = program();
    this.#programs.set(key, made);
    return made;
  }

  get #name(): string {
    return `group of ${this.size}, rank ${this.rank}`;
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
