import { TransportError } from './errors.js';

/**
 * Counts who still uses a received payload: the handler at first, and whoever retained it. When the last one lets go, its memory
 * goes back to where it came from.
 *
 * @example
 * const lease = new PayloadLease(() => pool.release(payload));
 * const release = lease.retain();
 * lease.end(); // the handler is done; the memory is still lent
 * release();
 */
export class PayloadLease {
  readonly #onFree: () => void;
  #holders = 1;

  constructor(onFree: () => void) {
    this.#onFree = onFree;
  }

  /**
   * Keeps the memory until the function that it returns is called; further calls of that do nothing.
   *
   * @throws {TransportError} `configuration` when the memory was given back already
   */
  retain(): () => void {
    if (this.#holders === 0) {
      throw new TransportError(
        'configuration',
        'message.retain: a call before the handler settles expected, got one after the payload was given back',
      );
    }
    this.#holders += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.end();
    };
  }

  /** One holder less. */
  end(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#onFree();
  }
}
