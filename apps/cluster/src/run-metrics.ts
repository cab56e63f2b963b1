/** Adds up what workers report, by worker and epoch, for the progress view and the report. */
import type { Scores } from '@weft/models';
import type { Progress } from '@weft/trainer';

/** What one worker did in one epoch. Times are in seconds. */
export interface WorkerEpoch {
  readonly worker: number;
  readonly samples: number;
  readonly steps: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly samplesPerSecond: number;
  /** In which its next step waited for samples. */
  readonly dataWaitSeconds: number;
  /** The same as a share of the epoch's time. */
  readonly dataWaitShare: number;
  readonly gradientSeconds: number;
  readonly stepSeconds: number;
  readonly exchangeSeconds: number;
  /** Mean of the largest τ of each push; null where nothing was pushed. */
  readonly staleness: number | null;
}

/** What one epoch came to. */
export interface EpochReport {
  /** From 1. */
  readonly epoch: number;
  /** From the first lease to the last acknowledgement; evaluation is not in it. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
  /** Mean training loss over the epoch's samples, each at the parameters of its step. */
  readonly loss: number;
  readonly accuracy: number;
  readonly testLoss: number;
  readonly testAccuracy: number;
  readonly evaluationSeconds: number;
  /** Mean of the workers'. */
  readonly dataWaitShare: number;
  readonly workers: readonly WorkerEpoch[];
}

interface Sums {
  samples: number;
  steps: number;
  loss: number;
  correct: number;
  dataWaitMs: number;
  gradientMs: number;
  stepMs: number;
  exchangeMs: number;
  staleness: number;
  pushes: number;
}

const zero = (): Sums => ({
  samples: 0,
  steps: 0,
  loss: 0,
  correct: 0,
  dataWaitMs: 0,
  gradientMs: 0,
  stepMs: 0,
  exchangeMs: 0,
  staleness: 0,
  pushes: 0,
});

const ratio = (a: number, b: number): number => (b > 0 ? a / b : 0);

/** The epoch that is going on. */
export interface Running {
  /** From 1. */
  readonly epoch: number;
  readonly samples: number;
  readonly seconds: number;
  readonly samplesPerSecond: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly staleness: number;
  /** Share of the workers' time so far in which their next step waited for samples. */
  readonly dataWaitShare: number;
  readonly workers: readonly { readonly samples: number; readonly samplesPerSecond: number }[];
}

export class RunMetrics {
  readonly epochs: EpochReport[] = [];
  readonly #now: () => number;
  #sums: Sums[];
  #startedMs = 0;
  #trainedMs = 0;

  /** @param o.now monotonic clock, in milliseconds */
  constructor(o: { workers: number; now: () => number }) {
    this.#now = o.now;
    this.#sums = Array.from({ length: o.workers }, zero);
  }

  startEpoch(): void {
    this.#sums = this.#sums.map(zero);
    this.#startedMs = this.#now();
  }

  progress(worker: number, p: Progress): void {
    const sums = this.#sums[worker];
    if (!sums) throw new RangeError(`metrics: worker 0 to ${this.#sums.length - 1} expected, got ${worker}`);
    sums.samples += p.samples;
    sums.steps += p.steps;
    sums.loss += p.loss;
    sums.correct += p.correct;
    sums.dataWaitMs += p.dataWaitMs;
    sums.gradientMs += p.gradientMs;
    sums.stepMs += p.stepMs;
    sums.exchangeMs += p.exchangeMs;
    if (p.staleness !== null) {
      sums.staleness += p.staleness;
      sums.pushes += 1;
    }
  }

  endTraining(): void {
    this.#trainedMs = this.#now();
  }

  /** @param epoch from 0 */
  endEpoch(epoch: number, scores: Scores): EpochReport {
    const seconds = (this.#trainedMs - this.#startedMs) / 1000;
    const total = this.#total();
    const report: EpochReport = {
      epoch: epoch + 1,
      seconds,
      samplesPerSecond: ratio(total.samples, seconds),
      loss: ratio(total.loss, total.samples),
      accuracy: ratio(total.correct, total.samples),
      testLoss: scores.loss,
      testAccuracy: ratio(scores.correct, scores.size),
      evaluationSeconds: (this.#now() - this.#trainedMs) / 1000,
      dataWaitShare: ratio(total.dataWaitMs / 1000, seconds * this.#sums.length),
      workers: this.#sums.map((s, worker) => ({
        worker,
        samples: s.samples,
        steps: s.steps,
        loss: ratio(s.loss, s.samples),
        accuracy: ratio(s.correct, s.samples),
        samplesPerSecond: ratio(s.samples, seconds),
        dataWaitSeconds: s.dataWaitMs / 1000,
        dataWaitShare: ratio(s.dataWaitMs / 1000, seconds),
        gradientSeconds: s.gradientMs / 1000,
        stepSeconds: s.stepMs / 1000,
        exchangeSeconds: s.exchangeMs / 1000,
        staleness: s.pushes > 0 ? s.staleness / s.pushes : null,
      })),
    };
    this.epochs.push(report);
    return report;
  }

  /** Where the epoch stands now. */
  running(epoch: number): Running {
    const seconds = (this.#now() - this.#startedMs) / 1000;
    const total = this.#total();
    return {
      epoch: epoch + 1,
      samples: total.samples,
      seconds,
      samplesPerSecond: ratio(total.samples, seconds),
      loss: ratio(total.loss, total.samples),
      accuracy: ratio(total.correct, total.samples),
      staleness: ratio(total.staleness, total.pushes),
      dataWaitShare: ratio(total.dataWaitMs / 1000, seconds * this.#sums.length),
      workers: this.#sums.map(({ samples }) => ({ samples, samplesPerSecond: ratio(samples, seconds) })),
    };
  }

  #total(): Sums {
    const total = zero();
    for (const sums of this.#sums) {
      for (const key of Object.keys(total) as (keyof Sums)[]) total[key] += sums[key];
    }
    return total;
  }
}
