/** What cloth looks like: the share of a second tone at a place of a garment. */

import { smooth } from './garment-layer.js';

/** Ways in which cloth is patterned. */
export const FABRICS = [
  'plain',
  'stripes',
  'pinstripes',
  'checks',
  'dots',
  'denim',
  'knit',
  'floral',
  'quilted',
  'camouflage',
] as const;
export type Fabric = (typeof FABRICS)[number];

/** Share of the second tone, 0 to 1, at (x, y), both in periods of the pattern from the middle of the garment's top. */
export type Weave = (x: number, y: number) => number;

/** ∿(t) = ½ + ½ cos 2πt: 1 at whole t. */
const wave = (t: number): number => 0.5 + 0.5 * Math.cos(2 * Math.PI * t);
/** Distance to the nearest whole number. */
const near = (t: number): number => Math.abs(t - Math.round(t));

/** A number of 0 to 1 for a cell of a grid: always the same, not like that of the next cell. */
export function cellNoise(i: number, j: number): number {
  let h = Math.imul(i, 0x27d4eb2d) ^ Math.imul(j, 0x165667b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** Value noise: cellNoise at whole places, smooth in between. */
function smoothNoise(x: number, y: number): number {
  const [i, j] = [Math.floor(x), Math.floor(y)];
  const [a, b] = [smooth(0, 1, x - i), smooth(0, 1, y - j)];
  const above = cellNoise(i, j) * (1 - a) + cellNoise(i + 1, j) * a;
  const below = cellNoise(i, j + 1) * (1 - a) + cellNoise(i + 1, j + 1) * a;
  return above * (1 - b) + below * b;
}

/** A blot in every other cell of a grid, not quite in its middle. */
function blots(x: number, y: number): number {
  let most = 0;
  for (let j = Math.floor(y) - 1; j <= Math.floor(y) + 1; j++) {
    for (let i = Math.floor(x) - 1; i <= Math.floor(x) + 1; i++) {
      const size = 0.25 + 0.35 * cellNoise(i, j + 71);
      const [dx, dy] = [x - i - 0.3 - 0.4 * cellNoise(i + 13, j), y - j - 0.3 - 0.4 * cellNoise(i, j + 13)];
      const distance = Math.hypot(dx, dy);
      if (distance > 1.5 * size) continue;
      // Five petals.
      const r = distance * (1 + 0.3 * Math.cos(5 * Math.atan2(dy, dx)));
      most = Math.max(most, 1 - smooth(size * 0.7, size, r));
    }
  }
  return most;
}

export const weaves: Readonly<Record<Fabric, Weave>> = {
  plain: () => 0,
  stripes: (_, y) => smooth(0.35, 0.65, wave(y)),
  pinstripes: (x) => smooth(0.7, 0.95, wave(x)),
  checks: (x, y) => 0.5 * (smooth(0.35, 0.65, wave(x)) + smooth(0.35, 0.65, wave(y))),
  dots: (x, y) => {
    const row = Math.round(y);
    return 1 - smooth(0.22, 0.34, Math.hypot(near(x + (row % 2 === 0 ? 0 : 0.5)), y - row));
  },
  // Twill, its wear, and the light patch of a washed thigh.
  denim: (x, y) => 0.25 * wave(x + y) + 0.75 * smoothNoise(x / 3, y / 5),
  knit: (x, y) => 0.6 * wave(x) + 0.4 * wave(y + 2 * near(x)),
  floral: blots,
  // Padding between seams: light above, dark below each.
  quilted: (_, y) => y - Math.floor(y),
  camouflage: (x, y) => smooth(0.45, 0.55, smoothNoise(x, y)),
};
