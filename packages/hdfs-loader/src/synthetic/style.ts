import { type Category, type Design, tones } from './design.js';
import { drawsOf } from './draws.js';
import type { Fabric } from './fabric.js';

/** sRGB, 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** What all pictures of one product share. */
export interface Style {
  readonly fabric: Fabric;
  readonly tone: Colour;
  /** Of the pattern, and of what is worn under an open coat. */
  readonly accent: Colour;
  readonly lining: Colour;
  /** Share of the picture's side. */
  readonly period: number;
  /** Where the pattern begins, in periods. */
  readonly phase: readonly [x: number, y: number];
  /** Words for its folder: `Relaxed`, `Striped`. */
  readonly words: readonly [cut: string, cloth: string];
}

const PERIOD = 0.12;
/** Keeps the draws of products apart from those of pictures. */
const PRODUCTS = 1;

const CLOTH_WORDS: Readonly<Record<Fabric, readonly string[]>> = {
  plain: ['Classic', 'Solid', 'Satin', 'Woven', 'Essential', 'Cotton'],
  stripes: ['Striped', 'Breton_Stripe', 'Nautical'],
  pinstripes: ['Pinstripe', 'Vertical-Striped'],
  checks: ['Plaid', 'Checked', 'Tartan', 'Gingham'],
  dots: ['Polka_Dot', 'Dotted'],
  denim: ['Denim', 'Washed', 'Faded', 'Stonewash'],
  knit: ['Knit', 'Cable_Knit', 'Marled', 'Ribbed'],
  floral: ['Floral', 'Rose_Print', 'Botanical', 'Abstract_Print'],
  quilted: ['Quilted', 'Padded', 'Channel-Stitched'],
  camouflage: ['Camo', 'Camo_Print'],
};
export const CUT_WORDS: readonly string[] = [
  'Boxy',
  'Relaxed',
  'Slim',
  'Longline',
  'Pleated-Front',
  'Crew',
  'Draped',
  'Contrast',
  'Embroidered',
  'Raw-Hem',
  'Ruched',
  'Vented',
  'Belted',
  'Pocket',
  'Oversized',
  'Tailored',
  'Layered',
  'Scalloped',
  'Zip-Front',
  'Everyday',
  'Vintage',
  'Open-Back',
  'Fringed',
  'Smocked',
];

/** Rec. 601. */
const luminance = ([r, g, b]: Colour): number => 0.299 * r + 0.587 * g + 0.114 * b;
const map = (colour: Colour, f: (value: number) => number): Colour => [f(colour[0]), f(colour[1]), f(colour[2])];

/**
 * The look of a product.
 *
 * @param product its number; the same one always looks the same
 */
export function styleOf(category: Category & { readonly design: Design }, product: number, seed: number): Style {
  const { fabrics, tones: names, period = PERIOD } = category.design;
  const draws = drawsOf([seed, PRODUCTS, product]);
  const [fabric, name] = [draws.pick(fabrics), draws.pick(names)];
  const brightness = draws.between(0.88, 1.1);
  const tone = map(tones[name], (value) => value * brightness + draws.between(-8, 8));
  // A pattern is lighter on dark cloth and darker on light cloth.
  const contrast = draws.between(0.45, 0.7);
  const accent = map(tone, (value) =>
    luminance(tone) < 110 ? value + (245 - value) * contrast : value * (1 - contrast),
  );
  const lining: Colour = luminance(tone) < 130 ? tones.white : tones.gray;
  return {
    fabric,
    tone,
    accent,
    lining,
    period: period * draws.between(0.88, 1.14),
    phase: [draws.between(-0.2, 0.2), draws.between(-0.2, 0.2)],
    words: [draws.pick(CUT_WORDS), draws.pick(CLOTH_WORDS[fabric])],
  };
}
