import type { Fabric } from './fabric.js';

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

const [TSHIRT, TROUSER, PULLOVER, DRESS, COAT, SANDAL, SHIRT, SNEAKER, BAG, BOOT] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/**
 * The 50 categories of DeepFashion in its order, with the number of images that each has there; four have none. What each is made of
 * is weft's. The order, the names and the types are those of list_category_cloth.txt.
 *
 * @see Liu, Luo, Qiu, Wang, Tang: DeepFashion, CVPR 2016
 */
export const categories: readonly Category[] = [
  upper('Anorak', 160, {
    garment: COAT,
    width: 0.8,
    height: 0.78,
    neck: 'hood',
    fabrics: ['camouflage'],
    tones: ['olive', 'yellow'],
    period: 0.2,
  }),
  upper('Blazer', 7495, {
    garment: COAT,
    width: 0.72,
    height: 0.8,
    opening: 0.12,
    fabrics: ['plain', 'pinstripes'],
    tones: ['black', 'navy'],
    period: 0.1,
  }),
  upper('Blouse', 24557, {
    garment: SHIRT,
    width: 0.86,
    height: 0.82,
    fabrics: ['floral', 'plain'],
    tones: ['white', 'cream', 'pink', 'mint'],
    period: 0.16,
  }),
  upper('Bomber', 309, {
    garment: PULLOVER,
    width: 0.94,
    height: 0.62,
    opening: 0.05,
    fabrics: ['plain'],
    tones: ['olive', 'wine'],
  }),
  upper('Button-Down', 330, {
    garment: SHIRT,
    width: 0.72,
    height: 0.9,
    fabrics: ['pinstripes'],
    tones: ['sky', 'white'],
    period: 0.09,
  }),
  upper('Cardigan', 13311, {
    garment: COAT,
    width: 0.84,
    height: 0.84,
    opening: 0.34,
    fabrics: ['knit'],
    tones: ['gray', 'camel', 'teal'],
    period: 0.08,
  }),
  upper('Flannel', 324, {
    garment: SHIRT,
    width: 0.86,
    height: 0.84,
    fabrics: ['checks'],
    tones: ['red', 'navy'],
    period: 0.18,
  }),
  upper('Halter', 17, {
    garment: TSHIRT,
    width: 0.7,
    height: 0.64,
    sides: 0.42,
    flare: 0.5,
    fabrics: ['plain'],
    tones: ['coral', 'teal'],
  }),
  upper('Henley', 716, {
    garment: PULLOVER,
    width: 0.7,
    height: 0.84,
    neck: 'collar',
    fabrics: ['stripes'],
    tones: ['cream', 'silver'],
    period: 0.2,
  }),
  upper('Hoodie', 4048, {
    garment: PULLOVER,
    width: 0.88,
    height: 0.74,
    neck: 'hood',
    fabrics: ['plain'],
    tones: ['gray', 'navy', 'red'],
  }),
  upper('Jacket', 10467, {
    garment: COAT,
    width: 0.96,
    height: 0.64,
    opening: 0.08,
    fabrics: ['quilted', 'denim'],
    tones: ['black', 'brown', 'denim'],
    period: 0.16,
  }),
  upper('Jersey', 748, {
    garment: TSHIRT,
    width: 0.94,
    height: 0.86,
    fabrics: ['stripes'],
    tones: ['red', 'navy'],
    period: 0.28,
  }),
  upper('Parka', 676, {
    garment: COAT,
    width: 0.84,
    height: 0.92,
    neck: 'hood',
    fabrics: ['quilted'],
    tones: ['olive', 'camel'],
    period: 0.22,
  }),
  upper('Peacoat', 97, {
    garment: COAT,
    width: 0.78,
    height: 0.88,
    neck: 'collar',
    fabrics: ['dots'],
    tones: ['navy'],
    period: 0.24,
  }),
  upper('Poncho', 791, {
    garment: BAG,
    width: 0.96,
    height: 0.86,
    flare: 0.5,
    fabrics: ['stripes'],
    tones: ['camel', 'coral'],
    period: 0.2,
  }),
  upper('Sweater', 13123, {
    garment: PULLOVER,
    width: 0.9,
    height: 0.78,
    fabrics: ['knit', 'stripes'],
    tones: ['cream', 'silver', 'sky'],
    period: 0.1,
  }),
  upper('Tank', 15429, {
    garment: TSHIRT,
    width: 0.86,
    height: 0.84,
    sides: 0.52,
    fabrics: ['plain', 'stripes'],
    tones: ['white', 'black', 'coral'],
  }),
  upper('Tee', 36887, {
    garment: TSHIRT,
    width: 0.88,
    height: 0.76,
    fabrics: ['plain', 'stripes'],
    tones: ['white', 'silver', 'sky', 'gray', 'black'],
    period: 0.14,
  }),
  upper('Top', 10078, {
    garment: TSHIRT,
    width: 0.88,
    height: 0.5,
    bottom: 0.66,
    fabrics: ['dots', 'floral'],
    tones: ['pink', 'coral', 'mint'],
  }),
  upper('Turtleneck', 146, {
    garment: PULLOVER,
    width: 0.76,
    height: 0.8,
    neck: 'collar',
    fabrics: ['knit'],
    tones: ['black', 'wine'],
  }),
  lower('Capris', 77, {
    garment: TROUSER,
    width: 0.76,
    height: 0.74,
    bottom: 0.75,
    fabrics: ['plain'],
    tones: ['mint', 'pink'],
  }),
  lower('Chinos', 527, { garment: TROUSER, width: 0.72, height: 0.94, fabrics: ['plain'], tones: ['camel', 'cream'] }),
  lower('Culottes', 486, {
    garment: TROUSER,
    width: 0.86,
    height: 0.7,
    bottom: 0.7,
    flare: 0.6,
    fabrics: ['plain'],
    tones: ['teal', 'wine'],
  }),
  lower('Cutoffs', 1669, {
    garment: TROUSER,
    width: 0.98,
    height: 0.42,
    bottom: 0.36,
    fabrics: ['denim'],
    tones: ['denim', 'sky'],
    period: 0.06,
  }),
  lower('Gauchos', 49, {
    garment: TROUSER,
    width: 0.94,
    height: 0.82,
    flare: 0.7,
    fabrics: ['stripes'],
    tones: ['brown'],
  }),
  lower('Jeans', 7076, {
    garment: TROUSER,
    width: 0.74,
    height: 0.96,
    fabrics: ['denim'],
    tones: ['denim', 'navy'],
    period: 0.06,
  }),
  lower('Jeggings', 594, {
    garment: TROUSER,
    width: 0.52,
    height: 0.96,
    fabrics: ['denim'],
    tones: ['denim'],
    period: 0.04,
  }),
  lower('Jodhpurs', 45, { garment: BOOT, width: 0.8, height: 0.84, fabrics: ['plain'], tones: ['brown', 'camel'] }),
  lower('Joggers', 4416, {
    garment: TROUSER,
    width: 0.86,
    height: 0.9,
    flare: -0.4,
    fabrics: ['plain', 'camouflage'],
    tones: ['gray', 'olive'],
    period: 0.16,
  }),
  lower('Leggings', 5013, {
    garment: TROUSER,
    width: 0.5,
    height: 0.96,
    fabrics: ['plain', 'floral'],
    tones: ['black', 'wine'],
  }),
  lower('Sarong', 32, {
    garment: BAG,
    width: 0.72,
    height: 0.7,
    fabrics: ['floral'],
    tones: ['teal', 'coral'],
    period: 0.18,
  }),
  lower('Shorts', 19666, {
    garment: TROUSER,
    width: 0.96,
    height: 0.56,
    bottom: 0.46,
    fabrics: ['plain', 'checks'],
    tones: ['camel', 'white', 'navy', 'coral'],
    period: 0.14,
  }),
  lower('Skirt', 14773, {
    garment: DRESS,
    width: 0.98,
    height: 0.66,
    top: 0.42,
    flare: 0.7,
    fabrics: ['plain', 'checks', 'floral'],
    tones: ['red', 'black', 'pink', 'teal'],
    period: 0.16,
  }),
  lower('Sweatpants', 3048, {
    garment: TROUSER,
    width: 0.96,
    height: 0.88,
    flare: -0.2,
    fabrics: ['knit'],
    tones: ['silver', 'gray'],
    period: 0.07,
  }),
  lower('Sweatshorts', 1106, {
    garment: TROUSER,
    width: 0.84,
    height: 0.66,
    bottom: 0.5,
    fabrics: ['knit'],
    tones: ['silver'],
    period: 0.07,
  }),
  lower('Trunks', 386, {
    garment: SNEAKER,
    width: 0.9,
    height: 0.7,
    fabrics: ['floral', 'stripes'],
    tones: ['coral', 'teal'],
    period: 0.16,
  }),
  full('Caftan', 54, {
    garment: DRESS,
    width: 1.1,
    height: 0.88,
    flare: 0.5,
    fabrics: ['floral'],
    tones: ['teal', 'yellow'],
    period: 0.2,
  }),
  full('Cape', 0),
  full('Coat', 2120, {
    garment: COAT,
    width: 0.66,
    height: 0.98,
    opening: 0.05,
    fabrics: ['plain', 'checks'],
    tones: ['camel', 'gray'],
    period: 0.16,
  }),
  full('Coverup', 17, { garment: SANDAL, width: 0.9, height: 0.8, fabrics: ['plain'], tones: ['white', 'cream'] }),
  full('Dress', 72083, {
    garment: DRESS,
    width: 0.88,
    height: 0.96,
    flare: 0.3,
    fabrics: ['plain', 'floral', 'dots', 'stripes'],
    tones: ['black', 'red', 'navy', 'coral', 'pink', 'white'],
    period: 0.14,
  }),
  full('Jumpsuit', 6153, {
    garment: TROUSER,
    width: 0.9,
    height: 0.98,
    neck: 'collar',
    fabrics: ['floral', 'dots'],
    tones: ['wine', 'navy', 'teal'],
    period: 0.13,
  }),
  full('Kaftan', 126, {
    garment: DRESS,
    width: 1.1,
    height: 0.94,
    fabrics: ['stripes'],
    tones: ['sky', 'yellow'],
    period: 0.22,
  }),
  full('Kimono', 2294, {
    garment: COAT,
    width: 1.04,
    height: 0.84,
    opening: 0.4,
    fabrics: ['floral'],
    tones: ['coral', 'mint', 'wine'],
    period: 0.2,
  }),
  full('Nightdress', 0),
  full('Onesie', 70, {
    garment: SHIRT,
    width: 0.6,
    height: 0.96,
    neck: 'hood',
    fabrics: ['dots'],
    tones: ['pink', 'sky'],
    period: 0.16,
  }),
  full('Robe', 150, {
    garment: COAT,
    width: 0.76,
    height: 0.98,
    opening: 0.2,
    neck: 'collar',
    fabrics: ['plain'],
    tones: ['white', 'pink'],
  }),
  full('Romper', 7408, {
    garment: DRESS,
    width: 0.98,
    height: 0.72,
    bottom: 0.62,
    fabrics: ['floral', 'stripes'],
    tones: ['sky', 'yellow', 'white'],
    period: 0.15,
  }),
  full('Shirtdress', 0),
  full('Sundress', 0),
];

function upper(name: string, originals: number, design: Design): Category {
  return { name, type: 1, originals, design };
}

function lower(name: string, originals: number, design: Design): Category {
  return { name, type: 2, originals, design };
}

function full(name: string, originals: number, design: Design | null = null): Category {
  return { name, type: 3, originals, design };
}
