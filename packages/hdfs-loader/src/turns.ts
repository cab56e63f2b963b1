/** Lets at most so many pieces of work run at a time; the others wait in the order in which they came. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /** @param limit pieces of work at a time, 1 or more */
  constructor(limit: number) {
    this.#free = limit;
  }

  /**
   * @returns what the work returns
   * @example const turns = new Turns(4); await Promise.all(paths.map((path) => turns.run(() => storage.stat(path))));
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // A turn goes from one to the next, so that nobody who comes meanwhile takes it.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}
