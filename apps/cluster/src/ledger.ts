/** Who trains which samples, and whether each was trained: the books that the run's audit closes. */
import type { ShardGroup } from '@weft/hdfs-loader';
import type { SampleRange } from '@weft/trainer';
import { GroupLeases, type GroupLeasesOptions } from './group-leases.js';

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

export interface LedgerOptions extends Omit<GroupLeasesOptions, 'groups'> {
  /** Samples of an epoch. */
  readonly samples: number;
  readonly epochs: number;
  /** The groups of an epoch, by position. */
  readonly groups: (epoch: number) => readonly ShardGroup[];
}

/** What a worker is to train, and what it will probably be given once it leaves this group. */
export interface Lease {
  readonly range: SampleRange;
  readonly upcoming: SampleRange | null;
}

/**
 * Leases ranges of one epoch after the other. A sample counts as trained when its worker says that every shard has
 * acknowledged the exchange that its gradient is part of.
 */
export class Ledger {
  readonly #o: LedgerOptions;
  /** Times each sample of the epoch was trained. */
  #counts: Uint8Array;
  #epoch = 0;
  #leases: GroupLeases;
  /** Of the next epoch, from when somebody is told what to read for it. */
  #nextLeases: GroupLeases | null = null;
  #acknowledged = 0;
  #audit: Audit = { expected: 0, trained: 0, twice: 0, never: 0 };

  constructor(o: LedgerOptions) {
    this.#o = o;
    this.#counts = new Uint8Array(o.samples);
    this.#leases = new GroupLeases({ ...o, groups: o.groups(0) });
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Samples of this epoch that are acknowledged, repetitions counted. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The group of samples that a worker will begin with; null when there are no samples. */
  first(worker: number): SampleRange | null {
    return rangeOf(this.#epoch, this.#leases.first(worker));
  }

  /** The next range of this epoch for a worker, of at most `count` samples; null when there is nothing left for it. */
  lease(worker: number, count: number): Lease | null {
    const positions = this.#leases.lease(worker, count);
    if (!positions) return null;
    const here = rangeOf(this.#epoch, this.#leases.upcoming(worker));
    return { range: { epoch: this.#epoch, ...positions }, upcoming: here ?? this.#firstOfNext(worker) };
  }

  /**
   * Books ranges as trained.
   *
   * @throws {RangeError} for a range that was never leased: a worker that says so is broken
   */
  trained(ranges: readonly SampleRange[]): void {
    for (const range of ranges) {
      const { epoch, start, end } = range;
      if (epoch !== this.#epoch || !this.#leases.covers(range)) {
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
    const { samples } = this.#o;
    this.#audit = {
      expected: a.expected + samples,
      trained: a.trained + samples - never,
      twice: a.twice + twice,
      never: a.never + never,
    };
    this.#leases = this.#leasesOfNext();
    this.#nextLeases = null;
    this.#epoch += 1;
    this.#acknowledged = 0;
    this.#counts.fill(0);
  }

  /** The books of all closed epochs. */
  audit(): Audit {
    return this.#audit;
  }

  #firstOfNext(worker: number): SampleRange | null {
    if (this.#epoch + 1 >= this.#o.epochs) return null;
    return rangeOf(this.#epoch + 1, this.#leasesOfNext().first(worker));
  }

  #leasesOfNext(): GroupLeases {
    this.#nextLeases ??= new GroupLeases({ ...this.#o, groups: this.#o.groups(this.#epoch + 1) });
    return this.#nextLeases;
  }
}

function rangeOf(epoch: number, group: ShardGroup | null): SampleRange | null {
  return group && { epoch, start: group.start, end: group.end };
}
