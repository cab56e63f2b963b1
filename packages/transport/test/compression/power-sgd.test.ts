import { describe, expect, it } from 'vitest';
import { type AllReduceMean, powerSgd } from '../../src/compression/power-sgd.js';
import { codeOf, gradient, sequence } from './vectors.js';

const tensor = (name: string, offset: number, ...shape: number[]) => ({
  name,
  shape,
  offset,
  length: shape.reduce((a, b) => a * b, 1),
});
// A convolution's kernel, a bias, a dense kernel
const layout = [tensor('kernel', 0, 3, 3, 4, 16), tensor('bias', 576, 16), tensor('dense', 592, 30, 20)];
const N = 1192;

/** All-reduce of so many ranks in one process: the last to come takes the mean, in the order of ranks. */
function group(ranks: number): AllReduceMean[] {
  let waiting: { rank: number; vector: Float32Array; done: () => void }[] = [];
  return Array.from({ length: ranks }, (_r, rank) => (vector: Float32Array) => {
    return new Promise<void>((done) => {
      waiting.push({ rank, vector, done });
      if (waiting.length < ranks) return;
      const all = waiting.sort((a, b) => a.rank - b.rank);
      waiting = [];
      const mean = vector.map((_v, i) => Math.fround(all.reduce((s, { vector: v }) => s + v[i]!, 0) / ranks));
      for (const { vector: v, done: settle } of all) {
        v.set(mean);
        settle();
      }
    });
  });
}

const relative = (x: Float32Array, wanted: Float32Array) =>
  Math.hypot(...x.map((v, i) => v - wanted[i]!)) / Math.hypot(...wanted);

/** rows × columns of the given rank. */
function lowRank(rows: number, columns: number, rank: number, next: () => number): Float32Array {
  const [p, q] = [
    Float32Array.from({ length: rows * rank }, next),
    Float32Array.from({ length: columns * rank }, next),
  ];
  return Float32Array.from({ length: rows * columns }, (_x, i) => {
    const [r, c] = [Math.floor(i / columns), i % columns];
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += p[r * rank + k]! * q[c * rank + k]!;
    return sum;
  });
}

describe('PowerSGD', () => {
  it.each([1, 2, 3])('%i ranks: the same bits on each, and nothing is lost', async (ranks) => {
    const powersgd = powerSgd(layout, { rank: 2, seed: 5 });
    const members = group(ranks).map((allReduceMean, rank) => {
      return { allReduceMean, state: powersgd.init(), out: new Float32Array(N), next: sequence(rank + 1) };
    });
    const [wentIn, cameOut] = [new Float64Array(N), new Float64Array(N)];
    let largest = 0;
    const steps = 200;
    for (let step = 0; step < steps; step++) {
      await Promise.all(
        members.map(({ allReduceMean, state, out, next }) => {
          const g = gradient(N, next);
          for (let i = 0; i < N; i++) wentIn[i]! += g[i]! / ranks;
          return powersgd.allReduce(g, state, out, allReduceMean);
        }),
      );
      const [first, ...others] = members;
      for (const { out, state } of others) {
        expect(out).toEqual(first!.out);
        expect(state.right).toEqual(first!.state.right);
      }
      for (let i = 0; i < N; i++) {
        cameOut[i]! += first!.out[i]!;
        for (const { state, out } of members)
          largest = Math.max(largest, Math.abs(state.residual[i]!) + Math.abs(out[i]!));
      }
    }
    // The residuals' mean and the result go through different Q's: their rounding adds up over rank 2, the mean of Q and that of e.
    const rounding = steps * 12 * 2 ** -24 * largest;
    for (let i = 0; i < N; i++) {
      const left = members.reduce((s, { state }) => s + state.residual[i]!, 0) / ranks;
      expect(Math.abs(cameOut[i]! + left - wentIn[i]!)).toBeLessThanOrEqual(rounding);
    }
  });

  it.each([1, 2, 3])('gradients of rank %i and less come out whole at rank 3', async (rank) => {
    const [powersgd, next] = [powerSgd(layout, { rank: 3 }), sequence(3)];
    const g = new Float32Array(N);
    g.set(lowRank(36, 16, rank, next));
    g.set(gradient(16, next), 576);
    g.set(lowRank(30, 20, rank, next), 592);
    const [state, out] = [powersgd.init(), new Float32Array(N)];
    await powersgd.allReduce(g, state, out, () => Promise.resolve());
    expect(relative(out, g)).toBeLessThan(1e-6);
    expect([...out.subarray(576, 592)]).toEqual([...g.subarray(576, 592)]);
    for (const e of state.residual) expect(Math.abs(e)).toBeLessThan(1e-5);
  });

  it('a rank that was lost, since the gradient had none, is found again', async () => {
    const [powersgd, next] = [powerSgd([tensor('w', 0, 20, 20)], { rank: 2 }), sequence(6)];
    const [state, out] = [powersgd.init(), new Float32Array(400)];
    const alone = () => Promise.resolve();
    await powersgd.allReduce(new Float32Array(400), state, out, alone);
    expect(out.every((v) => v === 0)).toBe(true);
    await powersgd.allReduce(lowRank(20, 20, 1, next), state, out, alone);
    const two = lowRank(20, 20, 2, next);
    await powersgd.allReduce(two, state, out, alone);
    expect(relative(out, two)).toBeLessThan(1e-5);
  });

  it('a warm start comes closer to the best approximation of a matrix at each step', async () => {
    const powersgd = powerSgd([tensor('w', 0, 30, 30)], { rank: 1 });
    const g = lowRank(30, 30, 4, sequence(2));
    const state = powersgd.init();
    const errors: number[] = [];
    for (let step = 0; step < 8; step++) {
      const out = new Float32Array(900);
      await powersgd.allReduce(g, { ...state, residual: new Float32Array(900) }, out, () => Promise.resolve());
      errors.push(relative(out, g));
    }
    for (const [i, error] of errors.entries()) if (i > 0) expect(error).toBeLessThanOrEqual(errors[i - 1]! + 1e-6);
    expect(errors.at(-1)).toBeLessThan(errors[0]! - 0.01);
  });

  it('gradient descent with it reaches the mean of the ranks’ optima', async () => {
    const ranks = 3;
    const powersgd = powerSgd(layout, { rank: 1 });
    const optima = Array.from({ length: ranks }, (_x, r) => Float32Array.from({ length: N }, sequence(r + 20)));
    const x = new Float32Array(N);
    const members = group(ranks).map((allReduceMean) => ({ allReduceMean, state: powersgd.init() }));
    for (let step = 0; step < 1500; step++) {
      const outs = await Promise.all(
        members.map(async ({ allReduceMean, state }, r) => {
          const g = x.map((v, i) => 0.02 * (optima[r]![i]! - v));
          await powersgd.allReduce(g, state, g, allReduceMean);
          return g;
        }),
      );
      for (let i = 0; i < N; i++) x[i]! += outs[0]![i]!;
    }
    const wanted = x.map((_v, i) => optima.reduce((s, o) => s + o[i]!, 0) / ranks);
    expect(relative(x, wanted)).toBeLessThan(1e-3);
  });

  it('its bytes are those of both vectors', async () => {
    const powersgd = powerSgd(layout, { rank: 2 });
    let bytes = 0;
    await powersgd.allReduce(new Float32Array(N), powersgd.init(), new Float32Array(N), (v) => {
      bytes += v.byteLength;
      return Promise.resolve();
    });
    expect(bytes).toBe(powersgd.bytes);
    expect(bytes).toBe(4 * (2 * (36 + 16) + 2 * (30 + 20) + 16));
  });

  it('a step whose all-reduce failed leaves the state as it was', async () => {
    const powersgd = powerSgd(layout);
    const [state, g, out] = [powersgd.init(), gradient(N, sequence(1)), new Float32Array(N)];
    await powersgd.allReduce(g, state, out, () => Promise.resolve());
    const before = { residual: state.residual.slice(), right: state.right.slice(), steps: 1 };
    for (const failing of [1, 2]) {
      let call = 0;
      const reduce = () => (++call === failing ? Promise.reject(new Error('lost')) : Promise.resolve());
      await expect(powersgd.allReduce(g, state, out, reduce)).rejects.toThrow('lost');
      expect(state).toEqual(before);
    }
  });

  it('refuses states as messages, other lengths, and other options', async () => {
    expect(() => powerSgd(layout, { message: 'state' })).toThrow('PowerSGD: a delta expected, got state');
    expect(codeOf(() => powerSgd(layout, { rank: 0 }))).toBe('configuration');
    expect(codeOf(() => powerSgd(layout, { seed: 0.5 }))).toBe('configuration');
    const [powersgd, never] = [powerSgd(layout), () => Promise.reject(new Error('called'))];
    const [right, wrong] = [new Float32Array(N), new Float32Array(N - 1)];
    await expect(powersgd.allReduce(wrong, powersgd.init(), right, never)).rejects.toThrow(
      'vectors of 1192 elements expected, got 1191 and 1192',
    );
    const state = { ...powersgd.init(), right: new Float32Array(1) };
    await expect(powersgd.allReduce(right, state, right, never)).rejects.toThrow('elements of right expected');
  });

  it('a vector alone needs one all-reduce', async () => {
    const powersgd = powerSgd([tensor('bias', 0, 5)]);
    const out = new Float32Array(5);
    let calls = 0;
    await powersgd.allReduce(Float32Array.of(1, 2, 3, 4, 5), powersgd.init(), out, () => {
      calls++;
      return Promise.resolve();
    });
    expect([calls, ...out]).toEqual([1, 1, 2, 3, 4, 5]);
  });
});
