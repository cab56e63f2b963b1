/**
 * The weights that are not trained (BatchNormalization's moving statistics) belong to no shard: each worker's saw other samples. At
 * the end of every epoch they are averaged over the workers, so that all score, and the run saves, the same model.
 */
import type { Vector } from '@weft/trainer';
import { type Deferred, deferred } from './deferred.js';

/** A barrier that returns the mean of what every worker brings. */
export class StateAverage {
  readonly #workers: number;
  readonly #states = new Map<number, Vector>();
  #mean: Deferred<Vector> = deferred();
  #last: Vector;

  /** @param initial what the workers start with */
  constructor(workers: number, initial: Vector) {
    this.#workers = workers;
    this.#last = initial;
  }

  /** The last mean; before the first, the initial state. */
  get last(): Vector {
    return this.#last;
  }

  /**
   * Brings a worker's state; resolves with the mean once every worker has brought its own.
   *
   * @throws {RangeError} for a state of another length
   */
  async average(worker: number, state: Vector): Promise<Vector> {
    const n = this.#last.length;
    if (state.length !== n)
      throw new RangeError(`state of worker ${worker}: ${n} elements expected, got ${state.length}`);
    this.#states.set(worker, state.slice());
    const mean = this.#mean;
    if (this.#states.size === this.#workers) {
      const states = [...this.#states.values()];
      this.#last = Float32Array.from(
        { length: n },
        (_, i) => states.reduce((sum, s) => sum + s[i]!, 0) / states.length,
      );
      this.#states.clear();
      this.#mean = deferred();
      mean.resolve(this.#last);
    }
    return mean.promise;
  }
}
