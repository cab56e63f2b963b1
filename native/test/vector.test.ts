import { describe, expect, it } from 'vitest';
import { adagradApply, add, axpy, clip, elastic, rebase, scale, scaledDifference } from '../lib/vector.js';

const f = (...values: number[]) => Float32Array.from(values);

describe('the kernels', () => {
  it('add: y ← y + x', () => {
    const y = f(1, 2);
    add(f(0.5, -4), y);
    expect([...y]).toEqual([1.5, -2]);
  });

  it('axpy: y ← y + a x', () => {
    const y = f(1, 2);
    axpy(-2, f(0.5, 3), y);
    expect([...y]).toEqual([0, -4]);
  });

  it('scale: x ← a x', () => {
    const x = f(1, -2, 0);
    scale(-0.5, x);
    expect([...x]).toEqual([-0.5, 1, -0]);
  });

  it('scaledDifference: out ← a (x − y)', () => {
    const out = f(9, 9);
    scaledDifference(0.5, f(3, 1), f(1, 4), out);
    expect([...out]).toEqual([1, -1.5]);
    // In place
    const x = f(3, 1);
    scaledDifference(1, x, f(1, 4), x);
    expect([...x]).toEqual([2, -3]);
  });

  it('elastic: d ← α (x − θ); θ ← θ + d', () => {
    const [center, d] = [f(1, 4), f(9, 9)];
    elastic(0.25, f(5, 0), center, d);
    expect([...d]).toEqual([1, -1]);
    expect([...center]).toEqual([2, 3]);
  });

  it('elastic: the d that is returned is the one that θ moved by, to the bit', () => {
    const [center, d] = [f(0), f(0)];
    elastic(0.1, f(0.3), center, d);
    expect(center[0]).toBe(d[0]);
  });

  it('adagradApply: K ← K + Δ²; θ ← θ + γ Δ / (√K + ε)', () => {
    const [sum, center] = [f(0, 0), f(1, 5)];
    // K = 2.25; 3 · −1.5 / (1.5 + 0.5) = −2.25; where Δ is 0, 0 / 0.5
    adagradApply(f(-1.5, 0), sum, center, { gamma: 3, epsilon: 0.5 });
    expect([...sum]).toEqual([2.25, 0]);
    expect([...center]).toEqual([-1.25, 5]);
    // K = 6.25; 3 · 2 / (2.5 + 0.5) = 2
    adagradApply(f(2, 0), sum, center, { gamma: 3, epsilon: 0.5 });
    expect([...sum]).toEqual([6.25, 0]);
    expect([...center]).toEqual([0.75, 5]);
  });

  it('rebase: x ← θ + (x − base); base ← θ', () => {
    const [x, base] = [f(3, 1), f(1, 2)];
    rebase(f(10, 20), x, base);
    expect([...x]).toEqual([12, 19]);
    expect([...base]).toEqual([10, 20]);
  });

  it('rebase puts x on θ where nothing is unsent, to the bit', () => {
    const [center, x] = [f(0.1, 1e-30), f(0.7, 3e8)];
    rebase(center, x, x.slice());
    expect(x).toEqual(center);
  });

  it('clip: out ← x held within ±limit, but NaN and ±∞', () => {
    const x = f(3, -3, 1, -0, Infinity, -Infinity, Number.NaN);
    clip(2, x, x);
    expect([...x]).toEqual([2, -2, 1, -0, Infinity, -Infinity, Number.NaN]);
  });

  it('work on empty vectors, as the last of many shards holds', () => {
    const none = new Float32Array(0);
    add(none, none);
    axpy(1, none, none);
    scale(1, none);
    scaledDifference(1, none, none, none);
    elastic(1, none, none, none);
    adagradApply(none, none, none, { gamma: 1, epsilon: 1 });
    rebase(none, none, none);
  });

  const [two, three] = [new Float32Array(2), new Float32Array(3)];
  it.each([
    ['add: vectors of equal length expected, got 2, 3', () => add(two, three)],
    ['axpy: vectors of equal length expected, got 3, 2', () => axpy(1, three, two)],
    ['scaledDifference: vectors of equal length expected, got 2, 2, 3', () => scaledDifference(1, two, two, three)],
    ['elastic: vectors of equal length expected, got 2, 3, 2', () => elastic(1, two, three, two)],
    ['elastic: vectors of equal length expected, got 2, 2, 3', () => elastic(1, two, two, three)],
    [
      'adagradApply: vectors of equal length expected, got 3, 2, 2',
      () => adagradApply(three, two, two, { gamma: 1, epsilon: 1 }),
    ],
    ['rebase: vectors of equal length expected, got 2, 2, 3', () => rebase(two, two, three)],
  ])('%s', (message, call) => {
    two.fill(1);
    three.fill(1);
    expect(call).toThrow(new RangeError(message));
    expect([...two, ...three]).toEqual([1, 1, 1, 1, 1]);
  });
});
