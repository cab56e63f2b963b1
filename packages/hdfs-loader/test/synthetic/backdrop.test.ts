import { expect, it } from 'vitest';
import { paintBackdrop } from '../../src/synthetic/backdrop.js';
import { drawsOf } from '../../src/synthetic/draws.js';

const painted = (seed: number) => {
  const canvas = new Float32Array(16 * 16 * 3);
  paintBackdrop(canvas, 16, drawsOf([seed]));
  return canvas;
};

it('paints every pixel, the same room for the same draws, another one for others', () => {
  expect(painted(1)).toEqual(painted(1));
  expect(painted(2)).not.toEqual(painted(1));
  for (let seed = 0; seed < 50; seed++) {
    const canvas = painted(seed);
    expect(Math.min(...canvas)).toBeGreaterThan(0);
    expect(Math.max(...canvas)).toBeLessThan(300);
  }
});
