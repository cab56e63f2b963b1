import { describe, expect, it } from 'vitest';
import type { Settings } from '../src/algorithm.js';
import { localLink } from '../src/local-link.js';
import type { ShardLink } from '../src/shard-link.js';
import { LeastSquares } from './least-squares.js';
import { Rig, replicaOf } from './rig.js';

const sum = (values: readonly number[]) => values.reduce((total, v) => total + v, 0);

describe('TrainingWorker', () => {
  const rules: [label: string, name: string, window: number, settings: Settings][] = [
    ['single', 'single', 1, {}],
    ['downpour', 'downpour', 1, {}],
    ['downpour push 3, fetch 2', 'downpour', 1, { push: 3, fetch: 2 }],
    ['downpour push 2, fetch 5', 'downpour', 1, { push: 2, fetch: 5 }],
    ['aeasgd', 'aeasgd', 3, {}],
    ['adag', 'adag', 3, {}],
    ['adag with a window longer than the epoch', 'adag', 100, {}],
  ];

  it.each(rules)(
    'acknowledges every sample once, last batches and windows too: %s',
    async (_, name, window, settings) => {
      const data = new LeastSquares({ features: 3, samples: 46, seed: 5 });
      const rig = new Rig({ name, start: [0, 0, 0, 0], workers: 1, shards: 2, window, settings, learningRate: 0.1 });
      const { worker, progress } = rig.worker(0, [], { replica: data.replica(), batches: data.batches, batchSize: 8 });
      const counts = [new Uint8Array(46), new Uint8Array(46)];
      const starts = [0, 8, 16, 20, 28, 36, 44];
      let trained = 0;
      for (let epoch = 0; epoch < 2; epoch++) {
        // 8, 8, 4; 8, 8, 8, 2: seven steps, of which a window of three leaves one over.
        await worker.train({ epoch, start: 0, end: 20 });
        await worker.train({ epoch, start: 20, end: 46 });
        await worker.flush();
        for (const p of progress.splice(0)) {
          for (const range of p.trained) {
            for (let sample = range.start; sample < range.end; sample++) counts[range.epoch]![sample]! += 1;
          }
          // All that this worker trains is neighbouring: it is one range, however many steps it took.
          expect(p.trained).toHaveLength(Math.min(p.steps, 1));
          expect(p.steps).toBe(sum(p.trained.map((r) => starts.filter((s) => s >= r.start && s < r.end).length)));
          expect(p.samples).toBe(sum(p.trained.map((r) => r.end - r.start)));
          trained += p.samples;
          expect(p.staleness).toBe(name === 'single' ? null : 0);
          expect(Math.min(p.gradientMs, p.stepMs, p.exchangeMs)).toBeGreaterThanOrEqual(0);
        }
        expect([...counts[epoch]!]).toEqual(new Array(46).fill(1));
      }
      expect(trained).toBe(92);
      expect(data.read.map((r) => r.end - r.start)).toEqual([8, 8, 4, 8, 8, 8, 2, 8, 8, 4, 8, 8, 8, 2]);
    },
  );

  it('sums loss and correct over samples', async () => {
    const data = new LeastSquares({ features: 2, samples: 12, seed: 3 });
    const rig = new Rig({ name: 'adag', start: [0, 0, 0], workers: 1, window: 4, learningRate: 1e-30 });
    const { worker, progress } = rig.worker(0, [], { replica: data.replica(), batches: data.batches, batchSize: 8 });
    const whole = await data.replica().evaluate(await data.batches.test(0, 12));
    await worker.train({ epoch: 0, start: 0, end: 12 });
    await worker.flush();
    expect(progress).toHaveLength(1);
    expect(progress[0]!.loss).toBeCloseTo(12 * whole.loss, 5);
    expect(progress[0]!.correct).toBe(whole.correct);
  });

  it('begins a range where its samples are, and says how long steps waited for them', async () => {
    const rig = new Rig({ name: 'single', start: [0], workers: 1, learningRate: 1 });
    const begun: unknown[] = [];
    let nowMs = 0;
    const batch = (size: number) => ({ inputs: new Float32Array(size), targets: new Uint16Array(size), size });
    const { worker, progress } = rig.worker(0, () => [1], {
      now: () => nowMs,
      batches: {
        begin: async (...given) => {
          begun.push(given);
          nowMs += 100;
        },
        train: async ({ start, end }) => {
          nowMs += start === 0 ? 5 : 0;
          return batch(end - start);
        },
        test: async (start, end) => batch(end - start),
      },
    });
    const range = { epoch: 0, start: 0, end: 2 };
    const upcoming = { epoch: 0, start: 8, end: 16 };
    await worker.train(range, upcoming);
    await worker.train({ epoch: 0, start: 2, end: 4 });
    expect(begun).toEqual([
      [range, upcoming],
      [{ epoch: 0, start: 2, end: 4 }, null],
    ]);
    expect(progress.map(({ dataWaitMs }) => dataWaitMs)).toEqual([105, 100]);
  });

  it('reports one range for a window of 5,000 steps of one sample', async () => {
    const rig = new Rig({ name: 'adag', start: [0], workers: 1, window: 5000, learningRate: 1e-3 });
    const w = rig.worker(0, () => [1]);
    await w.steps(5000);
    expect(w.progress).toMatchObject([{ trained: [{ epoch: 0, start: 0, end: 5000 }], steps: 5000, samples: 5000 }]);
  });

  it('keeps ranges apart that are not neighbours, or of two epochs', async () => {
    const rig = new Rig({ name: 'adag', start: [0], workers: 1, window: 100, learningRate: 1 });
    const { worker, progress } = rig.worker(0, () => [1]);
    const given = [
      { epoch: 0, start: 0, end: 2 },
      { epoch: 0, start: 4, end: 6 },
      // Before the last, after the first: neither goes on from the other.
      { epoch: 0, start: 2, end: 4 },
      { epoch: 1, start: 4, end: 6 },
    ];
    for (const range of given) await worker.train(range);
    await worker.flush();
    expect(progress).toMatchObject([{ trained: given, steps: 8, samples: 8 }]);
  });

  it('measures times by the clock that it is given', async () => {
    let ms = 0;
    const rig = new Rig({ name: 'adag', start: [0], workers: 1, window: 2, learningRate: 1 });
    const w = rig.worker(0, () => [1], { now: () => ms++ });
    await w.steps(2);
    expect(w.progress).toMatchObject([{ gradientMs: 2, stepMs: 2, exchangeMs: 1 }]);
  });

  it('does nothing in a flush with nothing unsent', async () => {
    for (const name of ['single', 'downpour', 'aeasgd', 'adag']) {
      const rig = new Rig({ name, start: [0], workers: 1, learningRate: 1 });
      const w = rig.worker(0, () => [1]);
      await w.flush();
      await w.steps();
      await w.flush();
      const { length } = w.progress;
      await w.flush();
      expect(w.progress).toHaveLength(length);
    }
  });

  describe('averageState', () => {
    it('is called once a flush, with the replica’s state, after the exchange', async () => {
      for (const name of ['single', 'downpour', 'aeasgd', 'adag']) {
        const rig = new Rig({ name, start: [0], workers: 1, window: 2, learningRate: 1 });
        const replica = { ...replicaOf([0], () => [1]), state: Float32Array.of(4, 8) };
        const came: [state: Float32Array, steps: number][] = [];
        const w = rig.worker(0, [], {
          replica,
          averageState: async (state) => {
            came.push([state, sum(w.progress.map((p) => p.steps))]);
          },
        });
        await w.steps(3);
        await w.worker.evaluate(0, 2);
        expect(came).toEqual([]);
        await w.flush();
        // All three steps were reported before.
        expect(came).toEqual([[replica.state, 3]]);
        expect(came[0]?.[0]).toBe(replica.state);
        // Also where nothing is unsent: the other workers wait for this one's.
        await w.flush();
        expect(came).toHaveLength(2);
      }
    });

    it('ends before the flush does, which fails with it', async () => {
      const rig = new Rig({ name: 'adag', start: [0], workers: 1, learningRate: 1 });
      const replica = { ...replicaOf([0], () => [1]), state: Float32Array.of(4) };
      const averaged = rig.worker(0, [], {
        replica,
        averageState: async (state) => {
          await new Promise(setImmediate);
          state.fill(6);
        },
      });
      await averaged.flush();
      expect([...replica.state]).toEqual([6]);
      const failing = rig.worker(0, () => [1], { averageState: () => Promise.reject(new Error('coordinator gone')) });
      await expect(failing.flush()).rejects.toThrow('coordinator gone');
    });
  });

  describe('evaluate', () => {
    it('scores the center, and leaves x and its staleness as they were', async () => {
      const data = new LeastSquares({ features: 3, samples: 50, seed: 9 });
      const rig = new Rig({ name: 'adag', start: data.solution, workers: 2, shards: 2, window: 2, learningRate: 0.1 });
      const a = rig.worker(0, [], { replica: data.replica(), batches: data.batches, batchSize: 16 });
      const b = rig.worker(1, () => [0, 0, 0, 0]);
      await a.worker.train({ epoch: 0, start: 0, end: 16 });
      const x = [...a.x];
      // The center is the solution, x is not.
      expect(await a.worker.evaluate(0, 50)).toEqual({ loss: 0, correct: 50, size: 50 });
      expect([...a.x]).toEqual(x);
      await b.steps(2);
      await a.worker.evaluate(0, 50);
      await a.worker.train({ epoch: 0, start: 16, end: 32 });
      // b's push came after what a's x stems from, though a has looked at θ since.
      expect(a.progress.map((p) => p.staleness)).toEqual([1]);
    });

    it('scores x where there is no center', async () => {
      const data = new LeastSquares({ features: 1, samples: 10, seed: 9 });
      const rig = new Rig({ name: 'single', start: [0, 0], workers: 1, learningRate: 0.1 });
      const replica = data.replica();
      const { worker } = rig.worker(0, [], { replica, batches: data.batches, batchSize: 4 });
      const before = await worker.evaluate(0, 10);
      expect(before.loss).toBeGreaterThan(0);
      replica.parameters.set(data.solution);
      expect(await worker.evaluate(0, 10)).toEqual({ loss: 0, correct: 10, size: 10 });
    });

    it('counts correct predictions by class where it is told to', async () => {
      const rig = new Rig({ name: 'adag', start: [7], workers: 1, learningRate: 1 });
      const replica = {
        ...replicaOf([5], () => [0]),
        // At θ, not at x, it always says class 1.
        predict: async ({ size }: { size: number }) =>
          Float32Array.from({ length: 3 * size }, (_, i) => (i % 3 === (replica.parameters[0] === 7 ? 1 : 0) ? 1 : 0)),
      };
      const batches = {
        train: () => Promise.reject(new Error('asked')),
        test: async (start: number, end: number) => ({
          inputs: new Float32Array(end - start),
          targets: Uint16Array.from({ length: end - start }, (_, i) => (start + i) % 3),
          size: end - start,
        }),
      };
      const { worker } = rig.worker(0, [], { replica, batches, batchSize: 4 });
      expect(await worker.evaluate(0, 11, 3)).toEqual({
        loss: 0,
        correct: 4,
        size: 11,
        correctByClass: Uint32Array.of(0, 4, 0),
      });
      expect([...replica.parameters]).toEqual([5]);
      expect(await worker.evaluate(4, 4, 3)).toMatchObject({ correct: 0, correctByClass: new Uint32Array(3) });
      expect(await worker.evaluate(0, 11)).toEqual({ loss: 0, correct: 0, size: 11 });
    });

    it('asks for nothing where its share is empty', async () => {
      const rig = new Rig({ name: 'adag', start: [0], workers: 1, learningRate: 1 });
      const refuse = () => Promise.reject(new Error('asked'));
      const { worker } = rig.worker(0, [], { link: { pull: refuse, peek: refuse, push: refuse } });
      expect(await worker.evaluate(7, 7)).toEqual({ loss: 0, correct: 0, size: 0 });
    });

    it('puts x back when scoring fails', async () => {
      const rig = new Rig({ name: 'adag', start: [0], workers: 1, learningRate: 1 });
      const replica = { ...replicaOf([5], () => [0]), evaluate: () => Promise.reject(new Error('device lost')) };
      const { worker } = rig.worker(0, [], { replica });
      await expect(worker.evaluate(0, 1)).rejects.toThrow('device lost');
      expect([...replica.parameters]).toEqual([5]);
    });
  });

  it('numbers its pushes, with its incarnation', async () => {
    const rig = new Rig({ name: 'adag', start: [0], workers: 3, learningRate: 1 });
    const link = localLink({ worker: 2, shards: rig.shards });
    const ids: unknown[] = [];
    const seen: ShardLink = {
      ...link,
      push: (id, message, reply) => {
        ids.push(id);
        return link.push(id, message, reply);
      },
    };
    await rig.worker(2, () => [1], { link: seen, incarnation: 4 }).steps(2);
    expect(ids).toEqual([
      { worker: 2, incarnation: 4, window: 0 },
      { worker: 2, incarnation: 4, window: 1 },
    ]);
  });

  it('stops at a loss that is not finite, before the step', async () => {
    const rig = new Rig({ name: 'adag', start: [1], workers: 1, learningRate: 0.5 });
    const replica = replicaOf([1], () => [Number.NaN]);
    const gradient = async () => ({ loss: Number.NaN, correct: 0, size: 1 });
    const w = rig.worker(0, [], { replica: { ...replica, gradient } });
    await expect(w.steps()).rejects.toMatchObject({
      name: 'TrainerError',
      code: 'diverged',
      message: 'worker 0: a finite loss expected, got NaN at step 0 (learning rate 0.5)',
    });
    expect([...w.x]).toEqual([1]);
    expect([...rig.center]).toEqual([1]);
  });

  it('acknowledges nothing when a push fails', async () => {
    const rig = new Rig({ name: 'adag', start: [1], workers: 1, learningRate: 1 });
    const link = {
      ...localLink({ worker: 0, shards: rig.shards }),
      push: () => Promise.reject(new Error('shard 0 is gone')),
    };
    const w = rig.worker(0, () => [1], { link });
    await expect(w.steps()).rejects.toThrow('shard 0 is gone');
    expect(w.progress).toEqual([]);
  });

  it('waits for the exchange beside a gradient that fails', async () => {
    const rig = new Rig({ name: 'aeasgd', start: [1], workers: 1, learningRate: 1 });
    const order: string[] = [];
    const link = localLink({ worker: 0, shards: rig.shards });
    const replica = replicaOf([1], () => []);
    const w = rig.worker(0, [], {
      replica: { ...replica, gradient: () => Promise.reject(new Error('out of memory')) },
      link: {
        ...link,
        push: async (id, message, reply) => {
          await new Promise(setImmediate);
          order.push('exchanged');
          return link.push(id, message, reply);
        },
      },
    });
    await expect(w.steps().finally(() => order.push('rejected'))).rejects.toThrow('out of memory');
    expect(order).toEqual(['exchanged', 'rejected']);
  });

  it('refuses settings that cannot work', async () => {
    const rig = new Rig({ name: 'adag', start: [1], workers: 1, learningRate: 1 });
    const refusal = (message: string) => expect.objectContaining({ code: 'bad-setting', message });
    expect(() => rig.worker(0, [], { batchSize: 0 })).toThrow(
      refusal('setting batchSize: a whole number of at least 1 expected, got 0'),
    );
    expect(() => rig.worker(0, [], { learningRate: -1 })).toThrow(
      refusal('setting learningRate: a number above 0 expected, got -1'),
    );
    await expect(rig.worker(0, () => [1], { link: null }).steps()).rejects.toEqual(
      refusal('worker 0: a link to the shards expected by its update rule, got none'),
    );
  });
});
