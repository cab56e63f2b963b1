import { describe, expect, it } from 'vitest';
import { uniform } from '../least-squares.js';
import { Rig } from '../rig.js';

describe('adag', () => {
  it('commits the mean displacement of a window: two windows of two workers', async () => {
    const rig = new Rig({ name: 'adag', start: [1], workers: 2, window: 2, learningRate: 0.5 });
    const a = rig.worker(0, [[2], [-1], [1], [3]]);
    const b = rig.worker(1, [[1], [1]]);
    // x = 1 − 1 + 0.5; a/k = −0.5 / 2; θ = 1 − 0.25
    await a.steps();
    expect([...a.x]).toEqual([0]);
    expect([...rig.center]).toEqual([1]);
    await a.steps();
    expect([...rig.center]).toEqual([0.75]);
    expect([...a.x]).toEqual([0.75]);
    // x = 1 − 0.5 − 0.5; a/k = −1 / 2; θ = 0.75 − 0.5
    await b.steps(2);
    expect([...rig.center]).toEqual([0.25]);
    expect([...b.x]).toEqual([0.25]);
    // x = 0.75 − 0.5 − 1.5; a/k = −2 / 2; θ = 0.25 − 1
    await a.steps(2);
    expect([...rig.center]).toEqual([-0.75]);
    expect([...a.x]).toEqual([-0.75]);
    expect(a.progress.map((p) => p.staleness)).toEqual([0, 1]);
    expect(b.progress.map((p) => p.staleness)).toEqual([1]);
  });

  it('divides a last, partial window by the steps it really has', async () => {
    const rig = new Rig({ name: 'adag', start: [1], workers: 1, window: 4, learningRate: 0.5 });
    const w = rig.worker(0, [[2], [-1], [4], [4], [4], [4]]);
    await w.steps(2);
    await w.flush();
    // a/k = (−1 + 0.5) / 2
    expect([...rig.center]).toEqual([0.75]);
    // A new window begins: four steps to the next commit. a/k = −8 / 4
    await w.steps(3);
    expect([...rig.center]).toEqual([0.75]);
    await w.steps();
    expect([...rig.center]).toEqual([-1.25]);
    await w.flush();
    expect(w.progress.map((p) => p.steps)).toEqual([2, 4]);
  });

  it('equals downpour with push = fetch = 1 when the window is 1', async () => {
    const n = 50;
    const random = uniform(7);
    const start = Float32Array.from({ length: n }, random);
    const gradients = Array.from({ length: 20 }, () => Array.from({ length: n }, random));
    const run = async (name: string) => {
      const rig = new Rig({ name, start, workers: 2, window: 1, learningRate: 0.1 });
      const workers = [0, 1].map((rank) => rig.worker(rank, gradients.slice(10 * rank)));
      for (const rank of [0, 0, 1, 0, 1, 1, 1, 0, 0, 1]) await workers[rank]!.steps();
      return {
        center: rig.center,
        x: workers.map((w) => w.x),
        taus: workers.map((w) => w.progress.map((p) => p.staleness)),
      };
    };
    expect(await run('adag')).toEqual(await run('downpour'));
  });
});
