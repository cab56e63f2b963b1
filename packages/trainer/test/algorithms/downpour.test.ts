import { describe, expect, it } from 'vitest';
import { Rig } from '../rig.js';

const staleness = (w: { progress: readonly { staleness: number | null }[] }) => w.progress.map((p) => p.staleness);

describe('downpour', () => {
  it('adds each step to the center with push = fetch = 1: two steps of two workers', async () => {
    const rig = new Rig({ name: 'downpour', start: [1, -2], workers: 2, learningRate: 0.5 });
    const a = rig.worker(0, [
      [0.5, 1],
      [-1, 0.25],
    ]);
    const b = rig.worker(1, [
      [1, -1],
      [0.5, 0.5],
    ]);
    // Δ = −0.5 · (0.5, 1) = (−0.25, −0.5)
    await a.steps();
    expect([...rig.center]).toEqual([0.75, -2.5]);
    expect([...a.x]).toEqual([0.75, -2.5]);
    // Δ = −0.5 · (1, −1) = (−0.5, 0.5), from θ₀: τ = 1; θ = (0.75 − 0.5, −2.5 + 0.5)
    await b.steps();
    expect([...rig.center]).toEqual([0.25, -2]);
    expect([...b.x]).toEqual([0.25, -2]);
    // Δ = (0.5, −0.125); θ = (0.25 + 0.5, −2 − 0.125)
    await a.steps();
    expect([...rig.center]).toEqual([0.75, -2.125]);
    expect([...a.x]).toEqual([0.75, -2.125]);
    // Δ = (−0.25, −0.25)
    await b.steps();
    expect([...rig.center]).toEqual([0.5, -2.375]);
    expect([...b.x]).toEqual([0.5, -2.375]);
    expect(staleness(a)).toEqual([0, 1]);
    expect(staleness(b)).toEqual([1, 1]);
  });

  it('keeps what is unsent on top of a pull where it fetches more often than it pushes', async () => {
    const settings = { push: 2, fetch: 1 };
    const rig = new Rig({ name: 'downpour', start: [1], workers: 2, learningRate: 0.5, settings });
    const a = rig.worker(0, [[2], [1], [4]]);
    const b = rig.worker(1, [[1], [-3]]);
    // x = 1 − 0.5, then x ← θ + Δ = 1 − 0.5
    await b.steps();
    expect([...rig.center]).toEqual([1]);
    expect([...b.x]).toEqual([0.5]);
    // x = 0.5 + 1.5 = 2; Δ = −0.5 + 1.5 = 1; θ = 1 + 1
    await b.steps();
    expect([...rig.center]).toEqual([2]);
    expect([...b.x]).toEqual([2]);
    // x = 1 − 1 = 0; Δ = −1; x ← θ + Δ = 2 − 1
    await a.steps();
    expect([...a.x]).toEqual([1]);
    // x = 1 − 0.5; Δ = −1.5; θ = 2 − 1.5
    await a.steps();
    expect([...rig.center]).toEqual([0.5]);
    expect([...a.x]).toEqual([0.5]);
    // The pull between the two steps saw b's push.
    expect(staleness(a)).toEqual([0]);
    // x = 0.5 − 2 = −1.5, unsent until it is flushed: θ = 0.5 − 2
    await a.steps();
    expect([...rig.center]).toEqual([0.5]);
    await a.flush();
    expect([...rig.center]).toEqual([-1.5]);
    expect([...a.x]).toEqual([-1.5]);
    await a.flush();
    expect([...rig.center]).toEqual([-1.5]);
    expect(a.progress.map((p) => p.steps)).toEqual([2, 1]);
  });

  it('does not count its own pushes as staleness where it pushes more often than it fetches', async () => {
    const settings = { push: 1, fetch: 2 };
    const rig = new Rig({ name: 'downpour', start: [1], workers: 2, learningRate: 0.5, settings });
    const a = rig.worker(0, [[2], [1]]);
    const b = rig.worker(1, [[-1]]);
    // x = 1 − 1; Δ = −1; θ = 0; no reply
    await a.steps();
    expect([...rig.center]).toEqual([0]);
    // x = 1 + 0.5; Δ = 0.5; θ = 0.5; no reply
    await b.steps();
    expect([...b.x]).toEqual([1.5]);
    expect([...rig.center]).toEqual([0.5]);
    // x = 0 − 0.5; Δ = −0.5; θ = 0.5 − 0.5; x ← θ. Versions 0 → 2, one of the two its own: τ = 1
    await a.steps();
    expect([...rig.center]).toEqual([0]);
    expect([...a.x]).toEqual([0]);
    expect(staleness(a)).toEqual([0, 1]);
    expect(staleness(b)).toEqual([1]);
  });

  it('divides by the root of the sum of squares on an Adagrad server', async () => {
    const settings = { server: 'adagrad', gamma: 3, epsilon: 0.5 };
    const rig = new Rig({ name: 'downpour', start: [1, 5], workers: 1, learningRate: 0.5, settings });
    const w = rig.worker(0, [
      [3, 0],
      [-4, 0],
    ]);
    // Δ = (−1.5, 0); K = 2.25; θ = 1 + 3 · −1.5 / (1.5 + 0.5) = 1 − 2.25; where K is 0 θ stays: 0 / (0 + 0.5)
    await w.steps();
    expect([...rig.center]).toEqual([-1.25, 5]);
    expect([...w.x]).toEqual([-1.25, 5]);
    // Δ = (2, 0); K = 2.25 + 4 = 6.25; θ = −1.25 + 3 · 2 / (2.5 + 0.5) = −1.25 + 2
    await w.steps();
    expect([...rig.center]).toEqual([0.75, 5]);
  });

  it('pushes and fetches once a window when not told otherwise', async () => {
    const rig = new Rig({ name: 'downpour', start: [1], workers: 1, window: 2, learningRate: 0.5 });
    const w = rig.worker(0, [[2], [1]]);
    await w.steps();
    expect(w.progress).toEqual([]);
    // Δ = −1 − 0.5
    await w.steps();
    expect([...rig.center]).toEqual([-0.5]);
  });
});
