import type { Fabric } from './fabric.js';

/** sRGB. */
export const tones = {
  white: [238, 236, 230],
  cream: [228, 214, 188],
  silver: [190, 192, 196],
  pink: [226, 158, 170],
  sky: [150, 186, 220],
  mint: [150, 206, 178],
  yellow: [232, 204, 98],
  camel: [184, 142, 96],
  coral: [222, 104, 84],
  teal: [44, 124, 128],
  red: [172, 36, 44],
  olive: [102, 104, 62],
  denim: [78, 106, 150],
  brown: [104, 70, 48],
  wine: [98, 28, 48],
  navy: [36, 44, 82],
  gray: [112, 114, 118],
  black: [34, 34, 38],
} as const satisfies Record<string, readonly [number, number, number]>;
type Tone = keyof typeof tones;

/** Which garment of Fashion-MNIST a category is made of, and what becomes of it. Lengths are shares of the picture's side. */
export interface Design {
  /** Class of Fashion-MNIST. */
  readonly garment: number;
  /** What it is drawn as large as. */
  readonly width: number;
  readonly height: number;
  /** Share of the garment's rows above and below which it is cut off. Default 0 and 1. */
  readonly top?: number;
  readonly bottom?: number;
  /** Share of its half width beyond which sleeves are cut off. Default 1. */
  readonly sides?: number;
  /** How much wider it gets from top to bottom. Default 0. */
  readonly flare?: number;
  /** Open in front: half width at the hem, as a share of its half width. Default 0: closed. */
  readonly opening?: number;
  readonly neck?: 'hood' | 'collar';
  /** One is drawn for each product. */
  readonly fabrics: readonly Fabric[];
  /** Length of the pattern's period. Default 0.12. */
  readonly period?: number;
  /** Tones by name; one is drawn for each product. */
  readonly tones: readonly Tone[];
}

/** A category of DeepFashion. */
export interface Category {
  readonly name: string;
  /** 1: upper body, 2: lower body, 3: full body. */
  readonly type: 1 | 2 | 3;
  /** Images in the original, which says how frequent it is here. */
  readonly originals: number;
  /** null where the original has no images. */
  readonly design: Design | null;
}
