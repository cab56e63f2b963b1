import { type Canvas, paintBackdrop } from './backdrop.js';
import type { Category, Design } from './design.js';
import { type Draws, drawsOf } from './draws.js';
import { weaves } from './fabric.js';
import { type GarmentLayer, layGarment, poseOf, SOFT, smooth } from './garment-layer.js';
import { type Garments, garmentAt } from './garments.js';
import { silhouetteOf } from './silhouette.js';
import { type Style, styleOf } from './style.js';

/** Rows and columns of a picture. */
export const PICTURE_SIDE = 128;
/** Keeps the draws of pictures apart from those of products. */
const PICTURES = 2;

/** A picture, and where the garment is in it. */
export interface Picture {
  /** PICTURE_SIDE × PICTURE_SIDE × 3, row-major. */
  readonly pixels: Uint8Array;
  /** First and last column and row that show the garment, from 1. */
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
}

/**
 * Draws one picture: a garment of Fashion-MNIST, cut, coloured and patterned as its category and product say, in a pose, light and room of its own.
 *
 * @param of.garments those that the picture's subset may show
 * @param of.picture its number; with the seed it decides everything that is its own
 */
export function drawPicture(of: {
  readonly category: Category & { readonly design: Design };
  readonly garments: Garments;
  readonly product: number;
  readonly picture: number;
  readonly seed: number;
}): Picture {
  const { category, garments, seed } = of;
  const { design } = category;
  const draws = drawsOf([seed, PICTURES, of.picture]);
  const canvas: Canvas = new Float32Array(PICTURE_SIDE * PICTURE_SIDE * 3);
  paintBackdrop(canvas, PICTURE_SIDE, draws);
  const silhouette = silhouetteOf(garmentAt(garments, draws.pick(garments.ofClass[design.garment]!)));
  const layer = layGarment(design, silhouette, poseOf(draws), PICTURE_SIDE);
  paintShadow(canvas, layer, draws);
  paintGarment(canvas, layer, { design, style: styleOf(category, of.product, seed), draws });
  return { pixels: developed(canvas, draws), box: boxOf(layer) };
}

/** On the wall, a little beside the garment. */
function paintShadow(canvas: Canvas, { alpha }: GarmentLayer, draws: Draws): void {
  const [right, down] = [draws.between(-0.04, 0.04), draws.between(0.01, 0.04)].map((part) =>
    Math.round(part * PICTURE_SIDE),
  ) as [number, number];
  const dark = draws.between(0.1, 0.4);
  for (let y = down; y < PICTURE_SIDE; y++) {
    for (let x = Math.max(0, right); x < Math.min(PICTURE_SIDE, PICTURE_SIDE + right); x++) {
      const light = 1 - dark * alpha[(y - down) * PICTURE_SIDE + x - right]!;
      const at = (y * PICTURE_SIDE + x) * 3;
      canvas[at]! *= light;
      canvas[at + 1]! *= light;
      canvas[at + 2]! *= light;
    }
  }
}

/**
 * Colour of a pixel of cloth, w its weave's share of the second tone, o how much of the lining shows:
 *
 *   (tone + w (accent − tone)) (1 − o) + o lining,  × fold × light (1 + slope · place)
 */
function paintGarment(
  canvas: Canvas,
  { alpha, u: us, v: vs, fold }: GarmentLayer,
  { design, style, draws }: { design: Design; style: Style; draws: Draws },
): void {
  const weave = weaves[style.fabric];
  const { opening = 0 } = design;
  const { tone, accent, lining, period, phase } = style;
  const [light, slopeX, slopeY] = [draws.between(0.84, 1.12), draws.between(-0.24, 0.24), draws.between(-0.16, 0.16)];
  const [perX, perY] = [design.width / 2 / period, design.height / period];
  for (let i = 0; i < alpha.length; i++) {
    const a = alpha[i]!;
    if (a === 0) continue;
    const [u, v] = [us[i]!, vs[i]!];
    const w = weave(u * perX + phase[0], v * perY + phase[1]);
    let o = 0;
    let bright = light * fold[i]! * (1 + slopeX * ((i % PICTURE_SIDE) / PICTURE_SIDE - 0.5));
    bright *= 1 + slopeY * (i / PICTURE_SIDE / PICTURE_SIDE - 0.5);
    if (opening > 0) {
      // Wider at neck and hem than at the waist, with a dark lapel.
      const beside = Math.abs(u) - opening * (0.45 + 2.2 * (v - 0.5) ** 2);
      o = 1 - smooth(-SOFT, SOFT, beside);
      if (beside > 0 && beside < 0.05) bright *= 0.8;
    }
    for (let c = 0; c < 3; c++) {
      const cloth = tone[c]! + (accent[c]! - tone[c]!) * w;
      const colour = (cloth + (lining[c]! - cloth) * o) * bright;
      canvas[i * 3 + c]! += (colour - canvas[i * 3 + c]!) * a;
    }
  }
}

/** The bytes of a picture, with the grain of a camera. */
function developed(canvas: Canvas, draws: Draws): Uint8Array {
  const exposure = draws.between(0.9, 1.1);
  const grain = draws.between(2, 7) / 128;
  const pixels = new Uint8ClampedArray(canvas.length);
  let bits = 0;
  for (let i = 0, pixel = 0; i < canvas.length; i += 3, pixel++) {
    // Four pixels a draw.
    bits = pixel % 4 === 0 ? draws.next() : bits >>> 8;
    const noise = ((bits & 0xff) - 127.5) * grain;
    pixels[i] = canvas[i]! * exposure + noise;
    pixels[i + 1] = canvas[i + 1]! * exposure + noise;
    pixels[i + 2] = canvas[i + 2]! * exposure + noise;
  }
  return new Uint8Array(pixels.buffer);
}

/** Where more than half of a pixel is cloth. */
function boxOf({ alpha }: GarmentLayer): Picture['box'] {
  let [x1, y1, x2, y2] = [PICTURE_SIDE, PICTURE_SIDE, 1, 1];
  for (let i = 0; i < alpha.length; i++) {
    if (alpha[i]! <= 0.5) continue;
    const [x, y] = [(i % PICTURE_SIDE) + 1, Math.floor(i / PICTURE_SIDE) + 1];
    x1 = Math.min(x1, x);
    x2 = Math.max(x2, x);
    y1 = Math.min(y1, y);
    y2 = Math.max(y2, y);
  }
  return [x1, y1, x2, y2];
}
