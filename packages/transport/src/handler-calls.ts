import type { TransportError } from './errors.js';
import { waitError } from './wait-error.js';

export interface HandlerCallsOptions {
  /** How long a handler may take. */
  readonly timeoutMs: number;
  /** This side, for messages. */
  readonly self?: string | undefined;
  /** Called once for each call that takes longer. */
  onExpire(call: HandlerCall, error: TransportError): void;
}

/** One call of a handler. */
export class HandlerCall {
  readonly kind: number;
  /** The request's number; 0: a notification. */
  readonly request: number;
  readonly beganMs = performance.now();
  #controller: AbortController | undefined;
  #reason: TransportError | undefined;

  constructor(kind: number, request: number) {
    this.kind = kind;
    this.request = request;
  }

  /** Whether nobody needs its answer any more. */
  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  /** Tells the handler so. Made when it is first asked for: most handlers never do. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: TransportError): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }
}

/**
 * The calls of a connection's handler that have not settled. Their time is bounded by one timer for all, since they all have as
 * long: a timer for each would cost a sixth of the small requests. What expires is not stopped, only told: what it was lent stays
 * lent until it settles.
 */
export class HandlerCalls {
  readonly #o: HandlerCallsOptions;
  /** In the order of their beginning. */
  readonly #waiting = new Set<HandlerCall>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HandlerCallsOptions) {
    this.#o = options;
  }

  begin(kind: number, request: number): HandlerCall {
    const call = new HandlerCall(kind, request);
    this.#waiting.add(call);
    this.#timer ??= setTimeout(() => this.#expire(), this.#o.timeoutMs);
    return call;
  }

  settled(call: HandlerCall): void {
    this.#waiting.delete(call);
  }

  /** Tells all that nobody needs their answers; no time limit runs from then on. */
  abortAll(reason: TransportError): void {
    clearTimeout(this.#timer);
    for (const call of this.#waiting) call.abort(reason);
    this.#waiting.clear();
  }

  #expire(): void {
    this.#timer = undefined;
    const { timeoutMs, self } = this.#o;
    for (const call of this.#waiting) {
      // Timers may fire a little early.
      const leftMs = Math.ceil(call.beganMs + timeoutMs - performance.now());
      if (leftMs > 0) {
        this.#timer = setTimeout(() => this.#expire(), leftMs);
        return;
      }
      this.#waiting.delete(call);
      const { kind, request } = call;
      const operation = `handler of ${request === 0 ? 'notification' : `request ${request}`} (kind ${kind})`;
      const error = waitError('timeout', { operation, self }, { withinMs: timeoutMs });
      call.abort(error);
      this.#o.onExpire(call, error);
    }
  }
}
