import type { Design } from './design.js';
import type { Draws } from './draws.js';
import { SILHOUETTE_SIDE, type Silhouette } from './silhouette.js';

/** Where a garment hangs. Lengths are shares of the picture's side, from its middle. */
export interface Pose {
  readonly cos: number;
  readonly sin: number;
  readonly x: number;
  readonly y: number;
  /** Of width and of height. */
  readonly scale: readonly [number, number];
  readonly isMirrored: boolean;
}

/** A garment as it lies over a picture: side × side values each, row-major. */
export interface GarmentLayer {
  /** How much of a pixel is cloth, 0 to 1. What follows is only known where it is not 0. */
  readonly alpha: Float32Array;
  /** Place on the garment: across, −1 to 1, and from top to hem, 0 to 1. */
  readonly u: Float32Array;
  readonly v: Float32Array;
  /** Lightness of the cloth, around 1. */
  readonly fold: Float32Array;
}

/** 3s² − 2s³: from 0 to 1 while t goes from a to b. */
export function smooth(a: number, b: number, t: number): number {
  if (t <= a) return 0;
  if (t >= b) return 1;
  const s = (t - a) / (b - a);
  return s * s * (3 - 2 * s);
}

/** Half the width of an edge, as a share of the garment. */
export const SOFT = 0.02;
/** Half axes of what is added above, in u and v; its middle is MIDDLE below the top. */
const NECK = { hood: { u: 0.34, v: 0.14 }, collar: { u: 0.24, v: 0.09 } } as const;
const MIDDLE = 0.06;
/** A hood is darker inside. */
const INSIDE = 0.55;
const LEAST_FLARE = 0.2;

/** A small random turn, shift and change of size. */
export function poseOf(draws: Draws): Pose {
  const angle = (draws.between(-5, 5) * Math.PI) / 180;
  const size = draws.between(0.91, 1.04);
  return {
    cos: Math.cos(angle),
    sin: Math.sin(angle),
    x: draws.between(-0.035, 0.035),
    y: draws.between(-0.03, 0.03),
    scale: [size * draws.between(0.95, 1.05), size * draws.between(0.95, 1.05)],
    isMirrored: draws.chance(0.5),
  };
}

/**
 * Lays a garment over a picture. The place on it for a pixel (x, y), 0 to 1 from the picture's corner:
 *
 *   (X, Y) = R(−θ) ((x, y) − ½ − shift) / scale        v = Y / height + ½        u = X / (width / 2) / (1 + flare (v − ½))
 *
 * @param side of the picture, in pixels
 */
export function layGarment(design: Design, silhouette: Silhouette, pose: Pose, side: number): GarmentLayer {
  const { width, height, top = 0, bottom = 1, sides = 1, flare = 0 } = design;
  const neck = design.neck && NECK[design.neck];
  const { cover, shade } = silhouette;
  const { cos, sin } = pose;
  const perU = (pose.isMirrored ? -1 : 1) / (pose.scale[0] * (width / 2));
  const perV = 1 / (pose.scale[1] * height);
  const [alpha, us, vs, fold] = [0, 1, 2, 3].map(() => new Float32Array(side * side)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  let i = 0;
  for (let y = 0; y < side; y++) {
    const dy = (y + 0.5) / side - 0.5 - pose.y;
    for (let x = 0; x < side; x++, i++) {
      const dx = (x + 0.5) / side - 0.5 - pose.x;
      const v = (cos * dy - sin * dx) * perV + 0.5;
      const u = ((cos * dx + sin * dy) * perU) / Math.max(LEAST_FLARE, 1 + flare * (v - 0.5));
      const column = Math.floor(((u + 1) / 2) * SILHOUETTE_SIDE);
      const row = Math.floor((top + (bottom - top) * v) * SILHOUETTE_SIDE);
      let a = 0;
      let light = 1;
      if (column >= 0 && column < SILHOUETTE_SIDE && row >= 0 && row < SILHOUETTE_SIDE) {
        const at = row * SILHOUETTE_SIDE + column;
        a = smooth(0.3, 0.7, cover[at]!);
        light = shade[at]!;
        if (top > 0) a *= smooth(-SOFT, SOFT, v);
        if (bottom < 1) a *= 1 - smooth(1 - SOFT, 1 + SOFT, v);
        if (sides < 1) a *= 1 - smooth(sides - SOFT, sides + SOFT, Math.abs(u));
      }
      if (neck && v < 0.5) {
        const r = (u / neck.u) ** 2 + ((v - MIDDLE) / neck.v) ** 2;
        a = Math.max(a, 1 - smooth(0.9, 1.1, r));
        light *= 1 - (1 - INSIDE) * (1 - smooth(0.3, 0.5, r));
      }
      if (a === 0) continue;
      alpha[i] = a;
      us[i] = u;
      vs[i] = v;
      fold[i] = light;
    }
  }
  return { alpha, u: us, v: vs, fold };
}
