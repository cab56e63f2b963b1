/**
 * One worker's parameters and its way through the samples: computes gradients, and exchanges as its update rule plans. Knows
 * no algorithm by name.
 */
import type { Batch, Replica } from '@weft/models';
import type { Vector } from '@weft/native';
import type { BoundWorker, Context, LocalStep, Plan } from './algorithm.js';
import type { BatchSource, SampleRange } from './batch-source.js';
import { countByClass, type Evaluation } from './class-counts.js';
import { TrainerError } from './errors.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { aboveZero, atLeastOne } from './settings.js';
import type { ShardLink } from './shard-link.js';

/** What a worker tells after each push, or after each step where there is no server. All sums are over the steps of `trained`. */
export interface Progress {
  /** Samples that count as trained from now on: every shard has acknowledged the push that they are part of. May be none. */
  readonly trained: readonly SampleRange[];
  readonly steps: number;
  readonly samples: number;
  /** Sum over samples. */
  readonly loss: number;
  readonly correct: number;
  /** In which the next step waited for its batch. */
  readonly dataWaitMs: number;
  readonly gradientMs: number;
  readonly stepMs: number;
  readonly exchangeMs: number;
  /** Largest τ over the shards; null where nothing was pushed. */
  readonly staleness: number | null;
}

export interface TrainingWorkerOptions {
  readonly rank: number;
  /** How often this rank was started before. */
  readonly incarnation: number;
  /** P, at the start of the run. */
  readonly workers: number;
  readonly batchSize: number;
  /** η */
  readonly learningRate: number;
  readonly replica: Replica;
  readonly rule: BoundWorker;
  readonly optimizer: Optimizer;
  /** Absent for a rule that has no server. */
  readonly link: ShardLink | null;
  readonly batches: BatchSource;
  readonly onProgress: (progress: Progress) => void;
  /** Replaces the replica's state by its mean over all workers; called by every worker at the end of each epoch. */
  readonly averageState?: (state: Vector) => Promise<void>;
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** Steps that are not yet part of an acknowledged push. */
type Books = Omit<{ -readonly [K in keyof Progress]: Progress[K] }, 'trained' | 'staleness'> & {
  trained: SampleRange[];
};

const emptyBooks = (): Books => ({
  trained: [],
  steps: 0,
  samples: 0,
  loss: 0,
  correct: 0,
  dataWaitMs: 0,
  gradientMs: 0,
  stepMs: 0,
  exchangeMs: 0,
});

const nothingToReceive = (): void => {};

export class TrainingWorker {
  readonly #o: TrainingWorkerOptions;
  readonly #x: Vector;
  readonly #out: Vector;
  readonly #reply: Vector;
  readonly #localStep: LocalStep;
  #clock = 0;
  #since = 0;
  #pushes = 0;
  #books = emptyBooks();
  #prepared: Promise<Batch> | null = null;

  /** @throws {TrainerError} `bad-setting` for a batch size below 1 or a learning rate not above 0 */
  constructor(o: TrainingWorkerOptions) {
    atLeastOne('batchSize', o.batchSize);
    aboveZero('learningRate', o.learningRate);
    this.#o = o;
    this.#x = o.replica.parameters;
    const n = o.link ? this.#x.length : 0;
    this.#out = new Float32Array(n);
    this.#reply = new Float32Array(n);
    const state = o.optimizer.init(this.#x.length);
    this.#localStep = (x, g, lr) => o.optimizer.step(state, x, g, lr);
    o.rule.init(this.#x);
  }

  /**
   * Trains the range in batches; the last one may be smaller.
   *
   * @param upcoming samples that will probably be trained later: a batch source may read them ahead
   */
  async train(range: SampleRange, upcoming: SampleRange | null = null): Promise<void> {
    const { batchSize, batches, now: clock } = this.#o;
    const began = clock();
    await batches.begin?.(range, upcoming);
    this.#books.dataWaitMs += clock() - began;
    const batchAt = (start: number): SampleRange | null =>
      start < range.end ? { epoch: range.epoch, start, end: Math.min(start + batchSize, range.end) } : null;
    for (let now = batchAt(range.start); now; now = batchAt(now.end)) await this.#step(now, batchAt(now.end));
    // With no server a step is final: it is told of once a range, so that telling costs little beside the work.
    if (!this.#o.link) this.#acknowledged(this.#takeBooks(), null);
  }

  /**
   * Exchanges what is unsent: a last, partial window is never dropped. With nothing unsent nothing is exchanged. Then the
   * replica's state is averaged over the workers.
   */
  async flush(): Promise<void> {
    (await this.#exchange(this.#o.rule.plan(this.#context(true)), true))();
    await this.#o.averageState?.(this.#o.replica.state);
  }

  /**
   * Scores the center, or x where there is none, on test samples [start, end). x is as before afterwards.
   *
   * @param classes how many there are, where correct predictions are to be counted by class: this takes a second pass, of `predict`,
   *   and `correct` is then their sum, so that the two agree where two outputs are equal but for rounding
   */
  async evaluate(start: number, end: number, classes?: number): Promise<Evaluation> {
    const { batches, link, replica, batchSize } = this.#o;
    const x = link ? this.#x.slice() : null;
    let loss = 0;
    let correct = 0;
    let size = 0;
    const correctByClass = classes === undefined ? undefined : new Uint32Array(classes);
    try {
      if (link && start < end) await link.peek(this.#x);
      for (let at = start; at < end; at += batchSize) {
        const batch = await batches.test(at, Math.min(at + batchSize, end));
        const scores = await replica.evaluate(batch);
        loss += scores.loss * scores.size;
        correct += scores.correct;
        size += scores.size;
        if (correctByClass) countByClass(await replica.predict(batch), batch, correctByClass);
      }
    } finally {
      if (x) this.#x.set(x);
    }
    const mean = size > 0 ? loss / size : 0;
    if (!correctByClass) return { loss: mean, correct, size };
    return { loss: mean, correct: correctByClass.reduce((sum, n) => sum + n, 0), size, correctByClass };
  }

  async #step(range: SampleRange, next: SampleRange | null): Promise<void> {
    const { replica, rule, now } = this.#o;
    const plan = rule.plan(this.#context(false));
    if (plan.before) {
      // g belongs to the x before the exchange, and both only read x: they run at the same time.
      const both = [this.#exchange(plan, false), this.#gradient(range, next)] as const;
      // When one fails the other is still waited for: nothing of a worker goes on after it has rejected.
      await Promise.allSettled(both);
      const [receive] = await Promise.all(both);
      receive();
    } else {
      await this.#gradient(range, next);
    }
    const started = now();
    rule.step(this.#x, replica.gradients, this.#context(false));
    this.#books.stepMs += now() - started;
    this.#clock += 1;
    this.#since += 1;
    this.#book(range);
    if (plan.link === 'shards' && !plan.before) (await this.#exchange(plan, false))();
  }

  /** Neighbouring ranges become one, so that a report stays short however long the window is. */
  #book(range: SampleRange): void {
    const { trained } = this.#books;
    const last = trained.at(-1);
    if (last && last.epoch === range.epoch && last.end === range.start)
      trained[trained.length - 1] = { ...last, end: range.end };
    else trained.push(range);
  }

  /** @param next the batch after this one: it is put together while the engine computes */
  async #gradient(range: SampleRange, next: SampleRange | null): Promise<void> {
    const { batches, rank, replica, now } = this.#o;
    const waited = now();
    const batch = await (this.#prepared ?? batches.train(range));
    const started = now();
    const computing = replica.gradient(batch);
    this.#prepared = next && batches.train(next);
    // Awaited by the next step; should this one fail, nobody will, and its failure says enough.
    this.#prepared?.catch(() => {});
    const scores = await computing;
    const books = this.#books;
    books.dataWaitMs += started - waited;
    books.gradientMs += now() - started;
    books.steps += 1;
    books.samples += scores.size;
    books.loss += scores.loss * scores.size;
    books.correct += scores.correct;
    if (!Number.isFinite(scores.loss)) {
      throw new TrainerError(
        'diverged',
        `worker ${rank}: a finite loss expected, got ${scores.loss} at step ${this.#clock} (learning rate ${this.#o.learningRate})`,
      );
    }
  }

  /** Pulls and pushes as planned. What it returns applies the reply to x: to be called when no gradient reads x. */
  async #exchange(plan: Plan, last: boolean): Promise<() => void> {
    const { link, rank, incarnation, rule, now } = this.#o;
    if (!(plan.push || plan.pull === 'first')) return nothingToReceive;
    if (!link) {
      throw new TrainerError(
        'bad-setting',
        `worker ${rank}: a link to the shards expected by its update rule, got none`,
      );
    }
    const c = this.#context(last);
    // Taken before anything awaits: a gradient that runs beside this exchange is part of the next push, and counts there.
    const books = plan.push ? this.#takeBooks() : this.#books;
    const started = now();
    if (plan.pull === 'first') await link.pull(this.#reply);
    let staleness: readonly number[] = [];
    if (plan.push) {
      rule.send(this.#x, plan.pull === 'first' ? this.#reply : null, this.#out, c);
      const id = { worker: rank, incarnation, window: this.#pushes++ };
      staleness = await link.push(id, this.#out, plan.pull === 'with' ? this.#reply : null);
    }
    books.exchangeMs += now() - started;
    if (plan.push) this.#acknowledged(books, Math.max(...staleness));
    return plan.pull === 'no' ? nothingToReceive : () => rule.receive(this.#x, this.#reply, c);
  }

  #acknowledged(books: Books, staleness: number | null): void {
    this.#o.onProgress({ ...books, staleness });
  }

  #takeBooks(): Books {
    const taken = this.#books;
    this.#books = emptyBooks();
    this.#since = 0;
    return taken;
  }

  #context(last: boolean): Context {
    const { learningRate: lr, workers } = this.#o;
    return { clock: this.#clock, since: this.#since, lr, workers, last, optimizer: this.#localStep };
  }
}
