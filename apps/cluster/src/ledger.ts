/** Who trains which samples, and whether each was trained: the books that the run's audit closes. */
import type { SampleRange } from '@weft/trainer';

/** How the samples of all epochs came out. */
export interface Audit {
  /** Epochs × samples. */
  readonly expected: number;
  /** Trained at least once. */
  readonly trained: number;
  /** Trained more than once. */
  readonly twice: number;
  readonly never: number;
}

/**
 * Leases ranges of one epoch after the other. A sample counts as trained when its worker says that every shard has
 * acknowledged the exchange that its gradient is part of.
 */
export class Ledger {
  readonly #samples: number;
  /** Times each sample of the epoch was trained. */
  #counts: Uint8Array;
  #epoch = 0;
  #leased = 0;
  #acknowledged = 0;
  #audit: Audit = { expected: 0, trained: 0, twice: 0, never: 0 };

  /** @param samples samples of an epoch */
  constructor(samples: number) {
    this.#samples = samples;
    this.#counts = new Uint8Array(samples);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Samples of this epoch that are acknowledged, repetitions counted. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The next range of this epoch, of at most `count` samples; null when all are leased. */
  lease(count: number): SampleRange | null {
    if (this.#leased >= this.#samples) return null;
    const start = this.#leased;
    const end = Math.min(start + count, this.#samples);
    this.#leased = end;
    return { epoch: this.#epoch, start, end };
  }

  /**
   * Books ranges as trained.
   *
   * @throws {RangeError} for a range that was never leased: a worker that says so is broken
   */
  trained(ranges: readonly SampleRange[]): void {
    for (const { epoch, start, end } of ranges) {
      if (epoch !== this.#epoch || !(start >= 0 && start <= end && end <= this.#leased)) {
        throw new RangeError(
          `ledger: a range leased in epoch ${this.#epoch} expected, got [${start}, ${end}) of epoch ${epoch}`,
        );
      }
      for (let i = start; i < end; i++) this.#counts[i] = Math.min(255, this.#counts[i]! + 1);
      this.#acknowledged += end - start;
    }
  }

  /** Closes the epoch's books and opens the next one's. */
  closeEpoch(): void {
    let never = 0;
    let twice = 0;
    for (const count of this.#counts) {
      if (count === 0) never++;
      else if (count > 1) twice++;
    }
    const a = this.#audit;
    this.#audit = {
      expected: a.expected + this.#samples,
      trained: a.trained + this.#samples - never,
      twice: a.twice + twice,
      never: a.never + never,
    };
    this.#epoch += 1;
    this.#leased = 0;
    this.#acknowledged = 0;
    this.#counts.fill(0);
  }

  /** The books of all closed epochs. */
  audit(): Audit {
    return this.#audit;
  }
}
