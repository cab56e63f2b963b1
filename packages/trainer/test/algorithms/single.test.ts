import { describe, expect, it } from 'vitest';
import { algorithm } from '../../src/algorithms/index.js';
import { Rig } from '../rig.js';

describe('single', () => {
  it('takes two steps', async () => {
    const rig = new Rig({ name: 'single', start: [1, -2], workers: 1, learningRate: 0.5 });
    const w = rig.worker(0, [
      [0.5, 1],
      [-1, 0.25],
    ]);
    // 1 − 0.5 · 0.5; −2 − 0.5 · 1
    await w.steps();
    expect([...w.x]).toEqual([0.75, -2.5]);
    // 0.75 − 0.5 · −1; −2.5 − 0.5 · 0.25
    await w.steps();
    expect([...w.x]).toEqual([1.25, -2.625]);
  });

  it('counts the steps of a range as trained at its end, and has nothing to flush', async () => {
    const rig = new Rig({ name: 'single', start: [0], workers: 1, learningRate: 1 });
    const w = rig.worker(0, () => [1]);
    await w.steps(2);
    expect(w.progress.map((p) => p.trained)).toEqual([[{ epoch: 0, start: 0, end: 2 }]]);
    expect(w.progress.map((p) => [p.steps, p.staleness])).toEqual([[2, null]]);
    await w.flush();
    expect(w.progress).toHaveLength(1);
  });

  it('has no server and one worker', () => {
    expect(algorithm('single').shard).toBeUndefined();
    expect(algorithm('single').maxWorkers).toBe(1);
  });
});
