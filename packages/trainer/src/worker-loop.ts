/** The life of a worker: takes tasks one after the other until it is told to stop. */
import type { SampleRange } from './batch-source.js';
import type { Evaluation } from './class-counts.js';
import { TrainingWorker, type TrainingWorkerOptions } from './training-worker.js';

/** What a worker is told to do next. */
export type Task =
  /** `upcoming`: samples that this worker will probably be given after those around the range. */
  | { readonly kind: 'train'; readonly range: SampleRange; readonly upcoming: SampleRange | null }
  /** Exchange what is still unsent: the epoch has no more samples. */
  | { readonly kind: 'flush' }
  /**
   * Score the center (or, with no shards, this worker's parameters) on test samples [start, end). `classes`: count correct
   * predictions of each of so many classes, too.
   */
  | { readonly kind: 'evaluate'; readonly start: number; readonly end: number; readonly classes?: number | undefined }
  | { readonly kind: 'stop' };

/** Gives the next task. Asking says that every task before the current training range is finished. */
export interface TaskSource {
  /** @param finished the scores of the evaluation that was asked for, if that was the last task */
  next(finished: Evaluation | null): Promise<Task>;
}

/**
 * Runs a worker until it is told to stop. The replica's parameters must hold θ₀ already.
 *
 * @throws what a gradient, an exchange or the task source throws; the worker is then of no further use
 * @example await runWorker({ rank: 0, workers: 1, replica, rule: algorithm('single').worker(o), link: null, … }, tasks)
 */
export async function runWorker(o: TrainingWorkerOptions, tasks: TaskSource): Promise<void> {
  const worker = new TrainingWorker(o);
  let next = tasks.next(null);
  for (;;) {
    const task = await next;
    switch (task.kind) {
      case 'train':
        // The next task is asked for while this one computes, so that no step waits for the coordinator.
        next = tasks.next(null);
        // A failing step ends the loop before anyone awaits this request; it must not become an unhandled rejection.
        next.catch(() => {});
        await worker.train(task.range, task.upcoming);
        break;
      case 'flush':
        await worker.flush();
        next = tasks.next(null);
        break;
      case 'evaluate':
        next = tasks.next(await worker.evaluate(task.start, task.end, task.classes));
        break;
      case 'stop':
        return;
    }
  }
}
