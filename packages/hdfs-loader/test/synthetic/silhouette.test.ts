import { expect, it } from 'vitest';
import { SILHOUETTE_SIDE, silhouetteOf } from '../../src/synthetic/silhouette.js';
import { rectangle } from '../made-up-garments.js';

const at = (values: Float32Array, x: number, y: number) => values[y * SILHOUETTE_SIDE + x]!;
const middle = SILHOUETTE_SIDE / 2;

it('is cloth where the background does not reach, a dark print within included', () => {
  const { cover, shade } = silhouetteOf(rectangle(16, 20));
  expect(cover).toHaveLength(112 * 112);
  expect(at(cover, middle, middle)).toBeCloseTo(1);
  expect(at(shade, middle, middle)).toBeLessThan(0.5);
  expect(at(shade, middle - 20, middle)).toBeGreaterThan(0.95);
  expect([at(cover, 2, 2), at(cover, middle, 2)]).toEqual([0, 0]);
});

it('has a smooth edge, half way at the border of the cloth', () => {
  const { cover } = silhouetteOf(rectangle(16, 20));
  // Columns 6 to 21 are cloth: its left border is at 24 of 112.
  const [outside, inside] = [at(cover, 23, middle), at(cover, 24, middle)];
  expect((outside + inside) / 2).toBeCloseTo(0.5, 5);
  expect(inside - outside).toBeLessThan(0.25);
  expect(at(cover, 16, middle)).toBe(0);
});

it('is nothing for an empty picture', () => {
  const { cover, shade } = silhouetteOf(new Uint8Array(784));
  expect(Math.max(...cover)).toBe(0);
  expect(shade[0]).toBeCloseTo(1);
});
