import { describe, expect, it } from 'vitest';
import { localLink } from '../../src/local-link.js';
import { Rig, replicaOf } from '../rig.js';

describe('aeasgd', () => {
  it('moves x and the center towards each other before each step that the window divides', async () => {
    // α = β/P = 1/2
    const rig = new Rig({
      name: 'aeasgd',
      start: [4],
      workers: 2,
      window: 2,
      learningRate: 0.5,
      settings: { beta: 1 },
    });
    const a = rig.worker(0, [[2], [-4], [2]]);
    const b = rig.worker(1, [[1], [-1]]);
    // d = 0.5 (4 − 4) = 0; x = 4 − 1
    await a.steps();
    expect([...a.x]).toEqual([3]);
    // No exchange; x = 3 + 2
    await a.steps();
    expect([...a.x]).toEqual([5]);
    expect([...rig.center]).toEqual([4]);
    // d = 0.5 (5 − 4) = 0.5; θ = 4.5; x = 5 − 0.5 − 1
    await a.steps();
    expect([...rig.center]).toEqual([4.5]);
    expect([...a.x]).toEqual([3.5]);
    // d = 0.5 (4 − 4.5) = −0.25; θ = 4.25; x = 4 + 0.25 − 0.5
    await b.steps();
    expect([...rig.center]).toEqual([4.25]);
    expect([...b.x]).toEqual([3.75]);
    // The last move: d = 0.5 (3.5 − 4.25) = −0.375; θ = 3.875; x = 3.875
    await a.flush();
    expect([...rig.center]).toEqual([3.875]);
    expect([...a.x]).toEqual([3.875]);
    await a.flush();
    expect([...rig.center]).toEqual([3.875]);
    // What counts as trained is what was in the x that was sent: nothing, two steps, the last one.
    expect(a.progress.map((p) => p.trained)).toEqual([
      [],
      [{ epoch: 0, start: 0, end: 2 }],
      [{ epoch: 0, start: 2, end: 3 }],
    ]);
    expect(a.progress.map((p) => [p.steps, p.samples])).toEqual([
      [0, 0],
      [2, 2],
      [1, 1],
    ]);
    expect(a.progress.map((p) => p.staleness)).toEqual([0, 0, 1]);
  });

  it('has β = 0.9 by default: α = 0.9/P', async () => {
    const rig = new Rig({ name: 'aeasgd', start: [0], workers: 1, window: 1, learningRate: 1 });
    const a = rig.worker(0, [[-1]]);
    await a.steps();
    await a.flush();
    // d = 0.9 (1 − 0)
    expect([...rig.center]).toEqual([Math.fround(0.9)]);
  });

  it('takes the gradient at the x before the move, though it is computed during the exchange', async () => {
    const rig = new Rig({
      name: 'aeasgd',
      start: [4],
      workers: 1,
      window: 1,
      learningRate: 0.5,
      settings: { beta: 0.5 },
    });
    const link = localLink({ worker: 0, shards: rig.shards });
    let exchanged = (): void => {};
    let pushed = new Promise<void>((resolve) => {
      exchanged = resolve;
    });
    const replica = replicaOf([8], (x) => x);
    const { gradient } = replica;
    const a = rig.worker(0, () => [], {
      // The gradient waits for the end of the exchange: a loop that applied the reply at once would be seen.
      replica: { ...replica, gradient: (batch) => pushed.then(() => gradient(batch)) },
      link: {
        ...link,
        push: async (id, message, reply) => {
          const taus = await link.push(id, message, reply);
          exchanged();
          return taus;
        },
      },
    });
    // d = 0.5 (8 − 4) = 2; θ = 6; g = 8; x = 8 − 2 − 4
    await a.steps();
    expect([...rig.center]).toEqual([6]);
    expect([...a.x]).toEqual([2]);
    // d = 0.5 (2 − 6) = −2; θ = 4; g = 2; x = 2 + 2 − 1
    pushed = new Promise((resolve) => {
      exchanged = resolve;
    });
    await a.steps();
    expect([...rig.center]).toEqual([4]);
    expect([...a.x]).toEqual([3]);
    expect(a.progress.map((p) => p.steps)).toEqual([0, 1]);
  });
});
