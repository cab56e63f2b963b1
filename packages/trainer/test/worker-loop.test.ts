import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { algorithm } from '../src/algorithms/index.js';
import type { SampleRange } from '../src/batch-source.js';
import { localLink } from '../src/local-link.js';
import { optimizer } from '../src/optimizers/index.js';
import type { TrainingWorkerOptions } from '../src/training-worker.js';
import { runWorker, type Task, type TaskSource } from '../src/worker-loop.js';
import { LeastSquares } from './least-squares.js';
import { Rig } from './rig.js';

/** Gives these tasks, and keeps what it was told. */
class TaskList implements TaskSource {
  readonly finished: unknown[] = [];
  readonly #tasks: Task[];

  constructor(tasks: readonly Task[]) {
    this.#tasks = [...tasks];
  }

  async next(finished: unknown): Promise<Task> {
    this.finished.push(finished);
    return this.#tasks.shift() ?? { kind: 'stop' };
  }
}

const train = (start: number, end: number, epoch = 0): Task => ({
  kind: 'train',
  range: { epoch, start, end },
  upcoming: null,
});

describe('runWorker', () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);

  beforeEach(() => {
    process.on('unhandledRejection', note);
  });

  afterEach(async () => {
    await new Promise(setImmediate);
    process.off('unhandledRejection', note);
    expect(unhandled.splice(0)).toEqual([]);
  });

  const data = () => new LeastSquares({ features: 4, samples: 200, seed: 21 });

  function optionsOf(o: {
    rig: Rig;
    name: string;
    rank: number;
    data: LeastSquares;
    onTrained?: (r: SampleRange) => void;
  }) {
    const rule = algorithm(o.name);
    const options: TrainingWorkerOptions = {
      rank: o.rank,
      incarnation: 0,
      workers: 2,
      batchSize: 8,
      learningRate: 0.1,
      replica: o.data.replica(),
      rule: rule.worker({ window: 3, workers: 2, settings: {} }),
      optimizer: optimizer('sgd'),
      link: rule.shard ? localLink({ worker: o.rank, shards: o.rig.shards }) : null,
      batches: o.data.batches,
      onProgress: (p) => {
        for (const range of p.trained) o.onTrained?.(range);
      },
      now: () => performance.now(),
    };
    return options;
  }

  const rigOf = (name: string) =>
    new Rig({ name, start: new Float32Array(5), workers: 2, shards: 2, window: 3, learningRate: 0.1 });

  it.each(['downpour', 'aeasgd', 'adag'])('finds the solution with two workers: %s', async (name) => {
    const set = data();
    const rig = rigOf(name);
    const epochs = 40;
    const counts = new Uint16Array(200);
    const sources = [0, 1].map((rank) => {
      const tasks: Task[] = [];
      for (let epoch = 0; epoch < epochs; epoch++) {
        // Leases of 50 samples, taken in turn: six batches of 8, and one of 2.
        tasks.push(train(50 * rank, 50 * rank + 50, epoch), train(100 + 50 * rank, 150 + 50 * rank, epoch), {
          kind: 'flush',
        });
      }
      return new TaskList([...tasks, { kind: 'evaluate', start: 100 * rank, end: 100 * rank + 100 }]);
    });
    await Promise.all(
      sources.map((source, rank) => {
        const onTrained = ({ start, end }: SampleRange) => {
          for (let i = start; i < end; i++) counts[i]! += 1;
        };
        return runWorker(optionsOf({ rig, name, rank, data: set, onTrained }), source);
      }),
    );
    expect([...counts]).toEqual(new Array(200).fill(epochs));
    for (const [i, value] of rig.center.entries()) expect(value).toBeCloseTo(set.solution[i]!, 2);
    for (const { finished } of sources) {
      expect(finished.at(-1)).toEqual({ loss: expect.any(Number), correct: 100, size: 100 });
      expect(finished.slice(0, -1).every((scores) => scores === null)).toBe(true);
    }
  });

  it('finds the solution alone', async () => {
    const set = data();
    const o = optionsOf({ rig: rigOf('single'), name: 'single', rank: 0, data: set });
    await runWorker(o, new TaskList(Array.from({ length: 40 }, (_, epoch) => train(0, 200, epoch))));
    for (const [i, value] of o.replica.parameters.entries()) expect(value).toBeCloseTo(set.solution[i]!, 2);
  });

  it('asks for the next task while it trains, and only when a flush or an evaluation is done', async () => {
    const set = data();
    const rig = rigOf('adag');
    const o = optionsOf({ rig, name: 'adag', rank: 0, data: set });
    const log: string[] = [];
    const tasks: Task[] = [train(0, 16), { kind: 'flush' }, { kind: 'evaluate', start: 0, end: 8 }];
    const { gradient, evaluate } = o.replica;
    const link = o.link!;
    await runWorker(
      {
        ...o,
        replica: {
          ...o.replica,
          gradient: (batch) => {
            log.push('gradient');
            return gradient(batch);
          },
          evaluate: (batch) => {
            log.push('evaluate');
            return evaluate(batch);
          },
        },
        link: {
          ...link,
          push: async (id, message, reply) => {
            log.push('push');
            return link.push(id, message, reply);
          },
        },
      },
      {
        next: async () => {
          const task = tasks.shift() ?? { kind: 'stop' as const };
          log.push(`ask: ${task.kind}`);
          return task;
        },
      },
    );
    expect(log).toEqual([
      'ask: train',
      'ask: flush',
      'gradient',
      'gradient',
      'push',
      'ask: evaluate',
      'evaluate',
      'ask: stop',
    ]);
  });

  it('rejects with what a gradient throws, also where the next task fails meanwhile', async () => {
    const o = optionsOf({ rig: rigOf('adag'), name: 'adag', rank: 0, data: data() });
    let asked = 0;
    const tasks: TaskSource = {
      next: async () => {
        if (asked++ === 0) return train(0, 16);
        throw new Error('coordinator lost');
      },
    };
    const replica = { ...o.replica, gradient: () => Promise.reject(new Error('out of memory')) };
    await expect(runWorker({ ...o, replica }, tasks)).rejects.toThrow('out of memory');
  });

  it('rejects with what a link throws, in a step and in a flush', async () => {
    for (const name of ['downpour', 'aeasgd', 'adag']) {
      for (const tasks of [[train(0, 80)], [train(0, 8), { kind: 'flush' } as const]]) {
        const o = optionsOf({ rig: rigOf(name), name, rank: 0, data: data() });
        const link = { ...o.link!, push: () => Promise.reject(new Error('shard 1 lost')) };
        await expect(runWorker({ ...o, link }, new TaskList(tasks))).rejects.toThrow('shard 1 lost');
      }
    }
  });

  it('rejects when both halves of an overlapped step fail, with no rejection left over', async () => {
    const o = optionsOf({ rig: rigOf('aeasgd'), name: 'aeasgd', rank: 0, data: data() });
    const replica = { ...o.replica, gradient: () => Promise.reject(new Error('out of memory')) };
    const link = { ...o.link!, push: () => Promise.reject(new Error('shard 1 lost')) };
    await expect(runWorker({ ...o, link, replica }, new TaskList([train(0, 8)]))).rejects.toThrow('shard 1 lost');
  });

  it('rejects with what an evaluation throws, and with what the task source throws', async () => {
    const o = optionsOf({ rig: rigOf('adag'), name: 'adag', rank: 0, data: data() });
    const link = { ...o.link!, peek: () => Promise.reject(new Error('shard 0 lost')) };
    const evaluation: Task = { kind: 'evaluate', start: 0, end: 8 };
    await expect(runWorker({ ...o, link }, new TaskList([evaluation]))).rejects.toThrow('shard 0 lost');
    const gone: TaskSource = { next: () => Promise.reject(new Error('coordinator lost')) };
    await expect(runWorker(o, gone)).rejects.toThrow('coordinator lost');
  });
});
