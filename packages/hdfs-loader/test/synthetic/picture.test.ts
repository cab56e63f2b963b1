import { expect, it } from 'vitest';
import { categories } from '../../src/synthetic/categories.js';
import { readGarments } from '../../src/synthetic/garments.js';
import { drawPicture, PICTURE_SIDE } from '../../src/synthetic/picture.js';
import { madeUpGarments } from '../made-up-garments.js';

const { train, test } = await readGarments(madeUpGarments());
const drawn = (category: number, o: { picture?: number; seed?: number; garments?: typeof train } = {}) => {
  const { design, ...more } = categories[category]!;
  const { picture = 5, seed = 1, garments = train } = o;
  return drawPicture({ category: { ...more, design: design! }, garments, product: 2, picture, seed });
};
const TEE = 17;

it('draws every category, with the garment where the box says', () => {
  for (const [i, { design }] of categories.entries()) {
    if (design === null) continue;
    const { pixels, box } = drawn(i);
    expect(pixels).toHaveLength(PICTURE_SIDE * PICTURE_SIDE * 3);
    const [x1, y1, x2, y2] = box;
    expect(x1).toBeGreaterThanOrEqual(1);
    expect(y2).toBeLessThanOrEqual(PICTURE_SIDE);
    expect([x2 - x1 > 10, y2 - y1 > 20]).toEqual([true, true]);
  }
});

it('is the same for the same number and seed, and like no other', () => {
  expect(drawn(TEE)).toEqual(drawn(TEE));
  expect(drawn(TEE, { picture: 6 }).pixels).not.toEqual(drawn(TEE).pixels);
  expect(drawn(TEE, { seed: 2 }).pixels).not.toEqual(drawn(TEE).pixels);
  expect(drawn(TEE, { garments: test }).pixels).not.toEqual(drawn(TEE).pixels);
});

it('shows the garment in the colours of its category: a blazer is dark, a button-down light', () => {
  const middle = (category: number): number => {
    const { pixels } = drawn(category);
    let sum = 0;
    // Beside the opening of the blazer.
    for (let x = 40; x < 50; x++) sum += pixels[(64 * PICTURE_SIDE + x) * 3 + 1]!;
    return sum / 10;
  };
  expect(middle(1)).toBeLessThan(110);
  expect(middle(4)).toBeGreaterThan(110);
});
