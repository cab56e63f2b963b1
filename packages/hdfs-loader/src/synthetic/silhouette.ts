import { GARMENT_SIDE } from './garments.js';

/** How often a garment's picture is enlarged. */
const SCALE = 4;
/** Rows and columns of a silhouette. */
export const SILHOUETTE_SIDE = GARMENT_SIDE * SCALE;
/** Above it a pixel is cloth for sure. */
const CLOTH = 24;

/** An enlarged garment: where its cloth is, and how light. Both SILHOUETTE_SIDE × SILHOUETTE_SIDE, 0 to 1, 0.5 at the edge. */
export interface Silhouette {
  readonly cover: Float32Array;
  /** Around 1: folds and prints of the garment itself. */
  readonly shade: Float32Array;
}

/**
 * Makes a garment large and smooth. What the background cannot reach is cloth, however dark: prints and white shirts are full of zeros.
 *
 * @param garment a picture of Fashion-MNIST: its background is 0
 */
export function silhouetteOf(garment: Uint8Array): Silhouette {
  const inside = new Float32Array(garment.length);
  const outside = reachedFromBorder(garment);
  let [sum, count] = [0, 0];
  for (let i = 0; i < garment.length; i++) {
    if (outside[i] === 1) continue;
    inside[i] = 1;
    sum += garment[i]!;
    count++;
  }
  const mean = count === 0 ? 0 : sum / count;
  // Beyond the cloth its mean goes on, or its edge would be dark.
  const light = Float32Array.from(garment, (value, i) => 1 + (inside[i] === 1 ? (value - mean) / 255 : 0));
  return { cover: enlarged(inside), shade: enlarged(light) };
}

/** 1 for the pixels below CLOTH that are joined to the border by such. */
function reachedFromBorder(garment: Uint8Array): Uint8Array {
  const reached = new Uint8Array(garment.length);
  const waiting: number[] = [];
  const reach = (i: number): void => {
    if (reached[i] === 1 || garment[i]! >= CLOTH) return;
    reached[i] = 1;
    waiting.push(i);
  };
  const last = GARMENT_SIDE - 1;
  for (let k = 0; k < GARMENT_SIDE; k++) {
    for (const i of [k, last * GARMENT_SIDE + k, k * GARMENT_SIDE, k * GARMENT_SIDE + last]) reach(i);
  }
  for (let i = waiting.pop(); i !== undefined; i = waiting.pop()) {
    const column = i % GARMENT_SIDE;
    if (column > 0) reach(i - 1);
    if (column < last) reach(i + 1);
    if (i >= GARMENT_SIDE) reach(i - GARMENT_SIDE);
    if (i < last * GARMENT_SIDE) reach(i + GARMENT_SIDE);
  }
  return reached;
}

/**
 * Cubic B-spline weights of the four values around a place, for each of the SCALE places between two pixels:
 *
 *   B(t) = [(1 − t)³, 3t³ − 6t² + 4, −3t³ + 3t² + 3t + 1, t³] / 6
 */
const WEIGHTS = Array.from({ length: SCALE }, (_, phase) => {
  const x = (phase + 0.5) / SCALE - 0.5;
  const t = x - Math.floor(x);
  return {
    first: Math.floor(x) - 1,
    weights: [(1 - t) ** 3, 3 * t ** 3 - 6 * t ** 2 + 4, -3 * t ** 3 + 3 * t ** 2 + 3 * t + 1, t ** 3].map(
      (w) => w / 6,
    ),
  };
});

const clamp = (i: number): number => Math.min(GARMENT_SIDE - 1, Math.max(0, i));

/** First the rows, then the columns. */
function enlarged(values: Float32Array): Float32Array {
  const wide = new Float32Array(GARMENT_SIDE * SILHOUETTE_SIDE);
  const out = new Float32Array(SILHOUETTE_SIDE * SILHOUETTE_SIDE);
  for (let phase = 0; phase < SCALE; phase++) {
    const { first, weights } = WEIGHTS[phase]!;
    const [w0, w1, w2, w3] = weights as [number, number, number, number];
    for (let k = 0; k < GARMENT_SIDE; k++) {
      const [i0, i1, i2, i3] = [clamp(k + first), clamp(k + first + 1), clamp(k + first + 2), clamp(k + first + 3)];
      for (let row = 0; row < GARMENT_SIDE; row++) {
        const at = row * GARMENT_SIDE;
        wide[row * SILHOUETTE_SIDE + k * SCALE + phase] =
          w0 * values[at + i0]! + w1 * values[at + i1]! + w2 * values[at + i2]! + w3 * values[at + i3]!;
      }
    }
  }
  for (let phase = 0; phase < SCALE; phase++) {
    const { first, weights } = WEIGHTS[phase]!;
    const [w0, w1, w2, w3] = weights as [number, number, number, number];
    for (let k = 0; k < GARMENT_SIDE; k++) {
      const [i0, i1, i2, i3] = [0, 1, 2, 3].map((tap) => clamp(k + first + tap) * SILHOUETTE_SIDE) as [
        number,
        number,
        number,
        number,
      ];
      const at = (k * SCALE + phase) * SILHOUETTE_SIDE;
      for (let column = 0; column < SILHOUETTE_SIDE; column++) {
        out[at + column] =
          w0 * wide[i0 + column]! + w1 * wide[i1 + column]! + w2 * wide[i2 + column]! + w3 * wide[i3 + column]!;
      }
    }
  }
  return out;
}
