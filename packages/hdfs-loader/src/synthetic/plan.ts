import { epochOrder } from '../batches/epoch-order.js';
import { LoaderError } from '../errors.js';
import { categories } from './categories.js';
import type { Category, Design } from './design.js';
import { drawsOf } from './draws.js';
import { CUT_WORDS, styleOf } from './style.js';

/** How DeepFashion's lists call its three parts. */
export type Partition = 'train' | 'val' | 'test';

/** One picture that is to be drawn. */
export interface PlannedPicture {
  /** Its number, and the seed of what is its own. */
  readonly picture: number;
  /** Index into `categories`. */
  readonly category: number;
  readonly product: number;
  readonly partition: Partition;
  /** As the lists name it: `img/Boxy_Striped_Tee/img_00000001.jpg`. */
  readonly name: string;
}

/** The original's: 209,222 to train on, 40,000 to validate with, 40,000 to test with. */
const ORIGINALS = 289_222;
const HELD_OUT = 40_000 / ORIGINALS;
/** Fewest images of a category, where there are enough. */
const FEW = 4;
/** One to train on and one to test with. */
const FEWEST = 2;
const MOST_IMAGES = 5_000_000;
const PRODUCT_IMAGES = [20, 80] as const;
/** Keep the draws of the plan apart from those of products and pictures. */
const PARTITIONS = 3;
const SIZES = 4;
const NAMES = 5;

const drawn = categories.flatMap((category, index) => (hasDesign(category) ? [{ category, index }] : []));

function hasDesign(category: Category): category is Category & { readonly design: Design } {
  return category.design !== null;
}

/**
 * Images of each of `categories`, as frequent as in the original, but at least a few of each that has any there.
 *
 *   nᵢ = few + (N − Σ few) eᵢ / Σ e,  eᵢ = max(0, N originalsᵢ / Σ originals − few),  rounded so that Σ nᵢ = N
 *
 * @throws LoaderError INVALID_ARGUMENT when there are too few for all categories
 */
export function imagesPerCategory(images: number): number[] {
  const fewest = FEWEST * drawn.length;
  if (!Number.isSafeInteger(images) || images < fewest || images > MOST_IMAGES) {
    const why = `one to train on and one to test with in each of ${drawn.length} categories`;
    throw new LoaderError('INVALID_ARGUMENT', `images: expected ${fewest} (${why}) to ${MOST_IMAGES}, got ${images}`);
  }
  const few = Math.min(FEW, Math.floor(images / drawn.length));
  const all = drawn.reduce((sum, { category }) => sum + category.originals, 0);
  const excess = drawn.map(({ category }) => Math.max(0, (images * category.originals) / all - few));
  const total = excess.reduce((sum, e) => sum + e, 0);
  const rest = images - few * drawn.length;
  const shares = excess.map((e) => (total === 0 ? rest / drawn.length : (rest * e) / total));
  const counts = shares.map(Math.floor);
  let left = rest - counts.reduce((sum, n) => sum + n, 0);
  // The largest remainders; of equal ones the first.
  const byRemainder = shares.map((share, i) => ({ i, remainder: share - counts[i]! }));
  byRemainder.sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  for (const { i } of byRemainder) if (left-- > 0) counts[i]!++;
  const perCategory = new Array<number>(categories.length).fill(0);
  for (const [i, { index }] of drawn.entries()) perCategory[index] = few + counts[i]!;
  return perCategory;
}

/** Of n images of a category, which are for what: at least one to train on and one to test with. */
function partitionsOf(n: number, seed: number): Partition[] {
  const held = Math.round(n * HELD_OUT);
  const test = Math.max(1, held);
  const val = Math.min(n - test - 1, held);
  const partitions = new Array<Partition>(n).fill('train');
  const order = epochOrder(n, { seed, epoch: 0 });
  for (let i = 0; i < test; i++) partitions[order[i]!] = 'test';
  for (let i = test; i < test + val; i++) partitions[order[i]!] = 'val';
  return partitions;
}

/**
 * What is to be drawn, in the order of the lists: category by category, product by product. A product has a folder of its own.
 *
 * @throws LoaderError INVALID_ARGUMENT
 */
export function planPictures(images: number, seed: number): PlannedPicture[] {
  const pictures: PlannedPicture[] = [];
  const folders = new Set<string>();
  let product = 0;
  for (const [index, count] of imagesPerCategory(images).entries()) {
    const category = categories[index]!;
    if (count === 0 || !hasDesign(category)) continue;
    const partitions = partitionsOf(count, drawsOf([seed, PARTITIONS, index]).next());
    const sizes = drawsOf([seed, SIZES, index]);
    for (let made = 0; made < count; product++) {
      const folder = newName(styleOf(category, product, seed).words, { category, folders, product, seed });
      const size = Math.floor(sizes.between(...PRODUCT_IMAGES));
      for (let i = 0; i < size && made < count; i++, made++) {
        const name = `img/${folder}/img_${String(i + 1).padStart(8, '0')}.jpg`;
        pictures.push({ picture: pictures.length, category: index, product, partition: partitions[made]!, name });
      }
    }
  }
  return pictures;
}

/** A folder's name that no other product has: one more word until it is new. */
function newName(
  words: readonly string[],
  o: { category: Category; folders: Set<string>; product: number; seed: number },
): string {
  const draws = drawsOf([o.seed, NAMES, o.product]);
  let all = [...words];
  let name = [...all, o.category.name].join('_');
  while (o.folders.has(name)) {
    all = [draws.pick(CUT_WORDS), ...all];
    name = [...all, o.category.name].join('_');
  }
  o.folders.add(name);
  return name;
}
