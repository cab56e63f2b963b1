import { describe, expect, it } from 'vitest';
import type { Design } from '../../src/synthetic/design.js';
import { drawsOf } from '../../src/synthetic/draws.js';
import { layGarment, type Pose, poseOf, smooth } from '../../src/synthetic/garment-layer.js';
import { silhouetteOf } from '../../src/synthetic/silhouette.js';
import { rectangle } from '../made-up-garments.js';

const SIDE = 56;
const straight: Pose = { cos: 1, sin: 0, x: 0, y: 0, scale: [1, 1], isMirrored: false };
const whole: Design = { garment: 0, width: 1, height: 1, fabrics: ['plain'], tones: ['red'] };
const silhouette = silhouetteOf(rectangle(20, 24));
/** First and last row and column of the cloth. */
function extent(design: Partial<Design> = {}, pose: Partial<Pose> = {}) {
  const { alpha } = layGarment({ ...whole, ...design }, silhouette, { ...straight, ...pose }, SIDE);
  const at = [...alpha.keys()].filter((i) => alpha[i]! > 0.5);
  const rows = at.map((i) => Math.floor(i / SIDE));
  const columns = at.map((i) => i % SIDE);
  return [Math.min(...columns), Math.max(...columns), Math.min(...rows), Math.max(...rows)];
}

describe('layGarment', () => {
  it('lays a garment as it is: a rectangle of 20 by 24 of 28', () => {
    expect(extent()).toEqual([8, 47, 4, 51]);
    const { u, v, alpha } = layGarment(whole, silhouette, straight, SIDE);
    const middle = (SIDE / 2) * SIDE + SIDE / 2;
    expect([u[middle], v[middle], alpha[middle], alpha[0]]).toEqual([
      expect.closeTo(1 / SIDE),
      expect.closeTo(0.5 + 0.5 / SIDE),
      1,
      0,
    ]);
  });

  it('scales, shifts, cuts and flares', () => {
    expect(extent({ width: 0.5 })).toEqual([18, 37, 4, 51]);
    expect(extent({}, { x: 1 / SIDE, y: -2 / SIDE })).toEqual([9, 48, 2, 49]);
    expect(extent({ bottom: 0.5, height: 0.5 })[3]).toBe(41);
    expect(extent({ top: 0.5, height: 0.5 })[2]).toBe(14);
    expect(extent({ sides: 0.5 })).toEqual([14, 41, 4, 51]);
    const [left, right] = extent({ flare: 0.5 });
    expect([left! < 8, right! > 47]).toEqual([true, true]);
  });

  it('turns by the angle of the pose', () => {
    expect(extent({}, { cos: 0, sin: 1 })).toEqual([4, 51, 8, 47]);
  });

  it('adds a hood and a collar above', () => {
    expect(extent({ neck: 'hood', height: 0.8 })[2]).toBeLessThan(extent({ height: 0.8 })[2]!);
    expect(extent({ neck: 'collar', height: 0.8 })[2]).toBeLessThan(extent({ height: 0.8 })[2]!);
  });
});

describe('poseOf', () => {
  it('differs from draw to draw, and keeps the garment in the picture', () => {
    const poses = Array.from({ length: 30 }, (_, i) => poseOf(drawsOf([i])));
    expect(new Set(poses.map(({ cos }) => cos)).size).toBe(30);
    expect(new Set(poses.map(({ isMirrored }) => isMirrored)).size).toBe(2);
    for (const { cos, sin, x } of poses) {
      expect(cos ** 2 + sin ** 2).toBeCloseTo(1);
      expect(Math.abs(x)).toBeLessThan(0.1);
    }
  });
});

describe('smooth', () => {
  it('goes from 0 to 1 between its bounds', () => {
    expect([0, 1, 2, 3, 4].map((t) => smooth(1, 3, t))).toEqual([0, 0, 0.5, 1, 1]);
  });
});
