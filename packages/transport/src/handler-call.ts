import type { Answer, Handler } from './connection.js';
import { deadline } from './deadline.js';
import type { TransportError } from './errors.js';

export interface HandlerCallOptions {
  readonly timeoutMs: number;
  /** As `handler of request 7 (kind 17)`. */
  readonly operation: string;
  readonly self?: string | undefined;
}

/**
 * One call of a handler: its time is bounded, and a signal tells it when nobody needs its answer any more. Time-out and signal do
 * not stop the handler's code: what it was lent stays lent until `settled()`.
 */
export class HandlerCall {
  readonly #o: HandlerCallOptions;
  #controller: AbortController | undefined;
  #aborted: TransportError | undefined;
  #returned: PromiseLike<Answer | undefined> | undefined;
  #done: () => void = () => {};

  constructor(options: HandlerCallOptions) {
    this.#o = options;
  }

  /** Made when it is first asked for: most handlers never do. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  /**
   * Waits for what the handler returned.
   *
   * @throws {TransportError} `timeout`; or what the handler threw
   */
  answer(returned: ReturnType<Handler>): ReturnType<Handler> {
    if (!isPromise(returned)) return returned;
    this.#returned = returned;
    return new Promise((resolve, reject) => {
      this.#done = deadline({
        ...this.#o,
        onExpire: (error) => {
          this.abort(error);
          reject(error);
        },
      });
      returned.then(
        (answer) => {
          this.#done();
          resolve(answer);
        },
        (error: unknown) => {
          this.#done();
          reject(error);
        },
      );
    });
  }

  /** Tells the handler that its answer is not needed; from then on no time limit runs. Further calls do nothing. */
  abort(reason: TransportError): void {
    if (this.#aborted !== undefined) return;
    this.#done();
    this.#aborted = reason;
    this.#controller?.abort(reason);
  }

  /** Resolves when the handler has settled, however late: with its answer, or undefined where it failed. */
  async settled(): Promise<Answer | undefined> {
    try {
      return await this.#returned;
    } catch {
      return undefined; // it was told when it happened
    }
  }
}

function isPromise(returned: ReturnType<Handler>): returned is Promise<Answer | undefined> {
  return typeof (returned as Partial<Promise<unknown>> | undefined)?.then === 'function';
}
