import { expect, it } from 'vitest';
import { drawsOf } from '../../src/synthetic/draws.js';

it('draws the same for the same keys, within bounds, and every item', () => {
  const [a, b] = [drawsOf([1, 2]), drawsOf([1, 2])];
  const values = Array.from({ length: 200 }, () => a.between(-2, 3));
  expect(Array.from({ length: 200 }, () => b.between(-2, 3))).toEqual(values);
  expect(values.every((value) => value >= -2 && value < 3)).toBe(true);
  expect(drawsOf([2, 1]).between(-2, 3)).not.toBe(values[0]);
  expect(new Set(Array.from({ length: 100 }, () => a.pick(['x', 'y', 'z'])))).toEqual(new Set(['x', 'y', 'z']));
  const hits = Array.from({ length: 1000 }, () => a.chance(0.25)).filter(Boolean).length;
  expect(hits).toBeGreaterThan(150);
  expect(hits).toBeLessThan(350);
  expect([a.chance(0), a.chance(1)]).toEqual([false, true]);
});
