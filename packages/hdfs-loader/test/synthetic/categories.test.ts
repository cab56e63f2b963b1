import { expect, it } from 'vitest';
import { categories } from '../../src/synthetic/categories.js';

it('has the 50 categories of DeepFashion, 20 upper, 16 lower and 14 full, with those that no image has', () => {
  expect([1, 2, 3].map((type) => categories.filter((category) => category.type === type).length)).toEqual([20, 16, 14]);
  expect(categories.filter(({ design }) => design === null).map(({ name }) => name)).toEqual([
    'Cape',
    'Nightdress',
    'Shirtdress',
    'Sundress',
  ]);
  expect(new Set(categories.map(({ name }) => name)).size).toBe(50);
  expect(categories[40]).toMatchObject({ name: 'Dress', type: 3 });
});

it('makes 46 of them, none like another, of all ten garments, as frequent as there', () => {
  const drawn = categories.flatMap(({ design, originals }) => (design ? [{ design, originals }] : []));
  expect(new Set(drawn.map(({ design }) => JSON.stringify(design))).size).toBe(46);
  expect(new Set(drawn.map(({ design }) => design.garment))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  expect(drawn.every(({ originals }) => originals > 0)).toBe(true);
  const all = drawn.reduce((sum, { originals }) => sum + originals, 0);
  expect(Math.max(...drawn.map(({ originals }) => originals)) / all).toBeCloseTo(0.25, 2);
});
