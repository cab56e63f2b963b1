import { describe, expect, it } from 'vitest';
import { StalenessHistogram } from '../src/staleness.js';

describe('StalenessHistogram', () => {
  it('is all 0 when nothing was counted', () => {
    expect(new StalenessHistogram().summary()).toEqual({ mean: 0, p50: 0, p99: 0, max: 0 });
    expect(new StalenessHistogram().entries()).toEqual([]);
  });

  it('counts, smallest first', () => {
    const h = new StalenessHistogram();
    for (const tau of [3, 1, 10, 1, 0]) h.add(tau);
    expect(h.entries()).toEqual([
      [0, 1],
      [1, 2],
      [3, 1],
      [10, 1],
    ]);
    // (0 + 1 + 1 + 3 + 10) / 5; the third and the fifth of five
    expect(h.summary()).toEqual({ mean: 3, p50: 1, p99: 10, max: 10 });
  });

  it('takes the nearest rank: the smallest τ that at least that share does not exceed', () => {
    const h = new StalenessHistogram();
    h.add(0, 99);
    h.add(7, 1);
    expect(h.summary()).toMatchObject({ p50: 0, p99: 0, max: 7 });
    h.add(7);
    expect(h.summary()).toMatchObject({ p50: 0, p99: 7 });
  });

  it('is not one rank off where 100 divides the total', () => {
    for (let hundreds = 1; hundreds <= 500; hundreds++) {
      const h = new StalenessHistogram();
      h.add(1, 99 * hundreds);
      h.add(2, hundreds);
      expect(h.summary().p99).toBe(1);
    }
  });

  it('merges another one', () => {
    const [a, b] = [new StalenessHistogram(), new StalenessHistogram()];
    a.add(1, 2);
    b.add(1, 3);
    b.add(4);
    a.merge(b.entries());
    expect(a.entries()).toEqual([
      [1, 5],
      [4, 1],
    ]);
    expect(b.entries()).toEqual([
      [1, 3],
      [4, 1],
    ]);
  });
});
