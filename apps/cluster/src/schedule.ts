/**
 * What each worker does next: a state machine without sockets or clocks.
 *
 *   start ── all workers have asked ──▶ train ── no samples left ──▶ flush, each worker once ── all flushed ──▶ evaluate,
 *   each its share of the test samples ── all scored ──▶ train of the next epoch, or stop
 *
 * A task that must wait for the others is a promise that is kept pending: that is the barrier.
 */
import type { Evaluation, Task } from '@weft/trainer';
import { shardRanges } from '@weft/transport';
import type { Ledger } from './ledger.js';

export interface ScheduleOptions {
  readonly workers: number;
  readonly epochs: number;
  /** Samples of one lease; see {@link leaseSamples}. */
  readonly leaseSamples: number;
  readonly testSamples: number;
  /** Correct predictions are counted by class after the last epoch. */
  readonly classes: number;
  readonly ledger: Ledger;
  /** The epoch's first lease is about to be given. */
  readonly onEpochStart: (epoch: number) => void;
  /** Every sample of the epoch is acknowledged, nothing is unsent. */
  readonly onEpochTrained: (epoch: number) => void;
  /** The center was scored; after the last epoch, by class, too. */
  readonly onEpochScored: (epoch: number, scores: Evaluation) => void;
}

type Phase = 'start' | 'train' | 'evaluate' | 'stop';

interface Seat {
  flushed: boolean;
  /** Test samples that it is scoring; null when it is not. */
  scoring: number | null;
  waiting: ((task: Task) => void) | null;
}

export class Schedule {
  readonly #o: ScheduleOptions;
  readonly #seats: Seat[];
  #phase: Phase = 'start';
  #scores: Evaluation[] = [];

  constructor(o: ScheduleOptions) {
    this.#o = o;
    this.#seats = Array.from({ length: o.workers }, () => ({ flushed: false, scoring: null, waiting: null }));
  }

  /**
   * The next task of a worker. Asking says that its flush or evaluation, if it had one, is finished.
   *
   * @param finished the scores of the evaluation it had
   * @throws {RangeError} for an unknown worker, or scores of other samples than it was given; {Error} when it asks twice
   */
  next(worker: number, finished: Evaluation | null): Promise<Task> {
    const seat = this.#seats[worker];
    if (!seat) throw new RangeError(`schedule: worker 0 to ${this.#seats.length - 1} expected, got ${worker}`);
    if (seat.waiting) throw new Error(`schedule: worker ${worker} asked twice`);
    if (seat.scoring !== null) {
      if (finished?.size !== seat.scoring) {
        throw new RangeError(
          `schedule: scores of ${seat.scoring} samples of worker ${worker} expected, got ${finished ? finished.size : 'none'}`,
        );
      }
      this.#requireCounts(worker, finished);
      seat.scoring = null;
      this.#scores.push(finished);
    }
    return new Promise((resolve) => {
      seat.waiting = resolve;
      this.#advance();
    });
  }

  get #isLast(): boolean {
    return this.#o.ledger.epoch + 1 === this.#o.epochs;
  }

  #requireCounts(worker: number, { correct, correctByClass }: Evaluation): void {
    if (!this.#isLast) return;
    const { classes } = this.#o;
    const sum = correctByClass?.reduce((total, n) => total + n, 0);
    if (correctByClass?.length === classes && sum === correct) return;
    const got = correctByClass ? `${sum} of ${correctByClass.length} classes` : 'none';
    throw new RangeError(
      `schedule: ${correct} correct predictions of ${classes} classes expected of worker ${worker}, got ${got}`,
    );
  }

  #advance(): void {
    const all = (test: (seat: Seat) => boolean): boolean => this.#seats.every(test);
    if (this.#phase === 'start' && all((seat) => seat.waiting !== null)) this.#beginEpoch();
    if (this.#phase === 'train') {
      for (const worker of this.#seats.keys()) this.#train(worker);
      // Everybody was told to flush, and asks again: that is done.
      if (all((seat) => seat.flushed && seat.waiting !== null)) this.#beginEvaluation();
    } else if (this.#phase === 'evaluate' && all((seat) => seat.waiting !== null)) {
      this.#endEpoch();
    }
  }

  #beginEpoch(): void {
    this.#phase = 'train';
    for (const seat of this.#seats) seat.flushed = false;
    this.#o.onEpochStart(this.#o.ledger.epoch);
  }

  #train(worker: number): void {
    const seat = this.#seats[worker]!;
    if (!seat.waiting || seat.flushed) return;
    const lease = this.#o.ledger.lease(worker, this.#o.leaseSamples);
    if (lease) {
      this.#give(seat, { kind: 'train', ...lease });
    } else {
      seat.flushed = true;
      this.#give(seat, { kind: 'flush' });
    }
  }

  #beginEvaluation(): void {
    this.#phase = 'evaluate';
    this.#o.onEpochTrained(this.#o.ledger.epoch);
    const shares = shardRanges(this.#o.testSamples, this.#seats.length);
    const byClass = this.#isLast ? { classes: this.#o.classes } : {};
    this.#seats.forEach((seat, worker) => {
      const share = shares[worker]!;
      seat.scoring = share.end - share.start;
      this.#give(seat, { kind: 'evaluate', ...share, ...byClass });
    });
  }

  #endEpoch(): void {
    const { ledger, onEpochScored } = this.#o;
    const { epoch } = ledger;
    const isLast = this.#isLast;
    ledger.closeEpoch();
    onEpochScored(epoch, mergeScores(this.#scores));
    this.#scores = [];
    if (!isLast) {
      this.#beginEpoch();
      for (const worker of this.#seats.keys()) this.#train(worker);
      return;
    }
    this.#phase = 'stop';
    for (const seat of this.#seats) this.#give(seat, { kind: 'stop' });
  }

  #give(seat: Seat, task: Task): void {
    const resolve = seat.waiting;
    seat.waiting = null;
    resolve?.(task);
  }
}

/** Steps of a lease at least: asking for work must stay rare beside the work. */
const LEASE_STEPS = 8;

/**
 * Samples of one lease: whole windows, so that few are cut at the end of an epoch, but never more than a worker's equal
 * share, so that a long window leaves no worker without work.
 */
export function leaseSamples(o: { batchSize: number; window: number; workers: number; samples: number }): number {
  const steps = o.window * Math.ceil(LEASE_STEPS / o.window);
  const shareSteps = Math.floor(o.samples / o.workers / o.batchSize);
  return o.batchSize * Math.max(1, Math.min(steps, shareSteps));
}

/** Scores of disjoint samples, together; by class where all of them are. */
export function mergeScores(parts: readonly Evaluation[]): Evaluation {
  const size = parts.reduce((sum, s) => sum + s.size, 0);
  const loss = parts.reduce((sum, s) => sum + s.loss * s.size, 0);
  const correct = parts.reduce((sum, s) => sum + s.correct, 0);
  const scores = { loss: size > 0 ? loss / size : 0, correct, size };
  const counts = parts.flatMap(({ correctByClass }) => (correctByClass ? [correctByClass] : []));
  if (counts.length === 0 || counts.length < parts.length) return scores;
  const correctByClass = new Uint32Array(counts[0]!.length);
  for (const part of counts) for (const [label, n] of part.entries()) correctByClass[label]! += n;
  return { ...scores, correctByClass };
}
