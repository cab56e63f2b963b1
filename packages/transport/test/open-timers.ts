import { createHook } from 'node:async_hooks';

/** Counts the timers that this package's code has set and that are still to fire: the test runner has its own. */
export class OpenTimers {
  readonly #ids = new Set<number>();
  readonly #hook = createHook({
    init: (id, type) => {
      if (type === 'Timeout' && /transport\/(src|test\/fault)/.test(new Error('where').stack ?? '')) this.#ids.add(id);
    },
    destroy: (id) => this.#ids.delete(id),
  });

  start(): this {
    this.#hook.enable();
    return this;
  }

  get count(): number {
    return this.#ids.size;
  }

  stop(): void {
    this.#hook.disable();
  }
}
