/** Real workers on real shards in this process; only the gradients are given by the test. */
import type { Replica } from '@weft/models';
import { shardRanges } from '@weft/transport';
import type { Settings } from '../src/algorithm.js';
import { algorithm } from '../src/algorithms/index.js';
import { type LocalShard, localLink } from '../src/local-link.js';
import { optimizer } from '../src/optimizers/index.js';
import { ParameterShard } from '../src/parameter-shard.js';
import { type Progress, TrainingWorker, type TrainingWorkerOptions } from '../src/training-worker.js';

/** A gradient at x of the step of this number. */
export type Gradient = (x: Float32Array, step: number) => ArrayLike<number>;

/** A replica whose gradient is a given function of its parameters. */
export function replicaOf(start: ArrayLike<number>, gradient: Gradient): Replica {
  const parameters = Float32Array.from(start);
  const gradients = new Float32Array(parameters.length);
  let steps = 0;
  const scores = (size: number) => ({ loss: 0, correct: 0, size });
  return {
    engine: 'test',
    layout: [{ name: 'x', shape: [parameters.length], offset: 0, length: parameters.length }],
    parameters,
    gradients,
    state: new Float32Array(0),
    gradient: async (batch) => {
      gradients.set(gradient(parameters, steps++));
      return scores(batch.size);
    },
    evaluate: async (batch) => scores(batch.size),
    predict: async (batch) => new Float32Array(batch.size),
    dispose: () => {},
  };
}

export interface RigOptions {
  name: string;
  start: ArrayLike<number>;
  workers: number;
  shards?: number;
  window?: number;
  settings?: Settings;
  optimizer?: string;
  learningRate: number;
}

export interface RigWorker {
  readonly x: Float32Array;
  readonly progress: Progress[];
  readonly worker: TrainingWorker;
  /** This many steps, of one sample each. */
  steps(count?: number): Promise<void>;
  flush(): Promise<void>;
}

/** Shards of one algorithm, and workers for them. */
export class Rig {
  readonly shards: LocalShard[];
  readonly #o: RigOptions;

  constructor(o: RigOptions) {
    this.#o = o;
    const start = Float32Array.from(o.start);
    const { shard: rule } = algorithm(o.name);
    this.shards = rule
      ? shardRanges(start.length, o.shards ?? 1).map((range) => {
          const center = start.slice(range.start, range.end);
          return { range, shard: new ParameterShard({ center, rule: rule(this.#ruleOptions()), workers: o.workers }) };
        })
      : [];
  }

  /** θ of all shards. */
  get center(): Float32Array {
    return Float32Array.from(this.shards.flatMap(({ shard }) => [...shard.center]));
  }

  worker(rank: number, gradient: Gradient | number[][], overrides: Partial<TrainingWorkerOptions> = {}): RigWorker {
    const given = typeof gradient === 'function' ? gradient : (_x: Float32Array, step: number) => gradient[step]!;
    const replica = overrides.replica ?? replicaOf(this.#o.start, given);
    const progress: Progress[] = [];
    const worker = new TrainingWorker({
      rank,
      incarnation: 0,
      workers: this.#o.workers,
      batchSize: 1,
      learningRate: this.#o.learningRate,
      rule: algorithm(this.#o.name).worker(this.#ruleOptions()),
      optimizer: optimizer(this.#o.optimizer ?? 'sgd'),
      link: this.shards.length > 0 ? localLink({ worker: rank, shards: this.shards }) : null,
      batches: {
        train: async ({ start, end }) => emptyBatch(end - start),
        test: async (start, end) => emptyBatch(end - start),
      },
      onProgress: (p) => progress.push(p),
      now: () => performance.now(),
      ...overrides,
      replica,
    });
    let at = 0;
    return {
      x: replica.parameters,
      progress,
      worker,
      steps: async (count = 1) => {
        await worker.train({ epoch: 0, start: at, end: at + count });
        at += count;
      },
      flush: () => worker.flush(),
    };
  }

  #ruleOptions() {
    return { window: this.#o.window ?? 1, workers: this.#o.workers, settings: this.#o.settings ?? {} };
  }
}

const emptyBatch = (size: number) => ({ inputs: new Float32Array(size), targets: new Uint16Array(size), size });
