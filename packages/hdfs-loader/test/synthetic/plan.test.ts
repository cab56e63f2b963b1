import { describe, expect, it } from 'vitest';
import { categories } from '../../src/synthetic/categories.js';
import { imagesPerCategory, planPictures } from '../../src/synthetic/plan.js';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe('imagesPerCategory', () => {
  it.each([92, 93, 137, 138, 184, 500, 2_000, 20_000, 289_222])(
    'shares out %i images, some to each of 46',
    (images) => {
      const counts = imagesPerCategory(images);
      expect(sum(counts)).toBe(images);
      const used = counts.filter((n) => n > 0);
      expect(used).toHaveLength(46);
      expect(Math.min(...used)).toBeGreaterThanOrEqual(Math.min(4, Math.floor(images / 46)));
      expect(counts[37]).toBe(0);
    },
  );

  it('is as uneven as the original', () => {
    const counts = imagesPerCategory(20_000);
    expect(Math.max(...counts)).toBe(counts[40]);
    expect(counts[40]! / 20_000).toBeCloseTo(0.25, 2);
    for (const [i, { originals }] of categories.entries())
      expect(Math.abs(counts[i]! - (20_000 * originals) / 289_222)).toBeLessThan(40);
  });

  it.each([91, 0, -1, 1.5, Number.NaN, 5_000_001])('refuses %d', (images) => {
    expect(() => imagesPerCategory(images)).toThrow(
      `images: expected 92 (one to train on and one to test with in each of 46 categories) to 5000000, got ${images}`,
    );
  });
});

describe('planPictures', () => {
  it('has one of each category to train on and to test with, however few there are', () => {
    for (const images of [92, 140, 1000]) {
      const plan = planPictures(images, 1);
      for (const partition of ['train', 'test'] as const) {
        const of = plan.filter((picture) => picture.partition === partition);
        expect(new Set(of.map(({ category }) => category)).size).toBe(46);
      }
    }
  });

  it('cuts as the original is cut', () => {
    const plan = planPictures(20_000, 1);
    for (const [partition, original] of [
      ['train', 209_222],
      ['val', 40_000],
      ['test', 40_000],
    ] as const) {
      const share = plan.filter((picture) => picture.partition === partition).length / 20_000;
      expect(Math.abs(share - original / 289_222)).toBeLessThan(0.003);
    }
  });

  it('numbers pictures, and has folders of one product each', () => {
    const plan = planPictures(5_000, 1);
    expect(plan.map(({ picture }) => picture)).toEqual([...plan.keys()]);
    expect(new Set(plan.map(({ name }) => name)).size).toBe(5_000);
    const products = new Map<string, Set<number>>();
    for (const { name, product, category } of plan) {
      const [, folder = '', number = ''] = /^img\/(.+)\/img_(\d{8})\.jpg$/.exec(name) ?? [];
      expect(folder.endsWith(`_${categories[category]!.name}`)).toBe(true);
      expect(Number(number)).toBeGreaterThan(0);
      products.set(folder, (products.get(folder) ?? new Set()).add(product));
    }
    expect([...products.values()].every((of) => of.size === 1)).toBe(true);
    expect(products.size).toBeGreaterThan(100);
  });

  it('is the same for the same seed', () => {
    expect(planPictures(300, 7)).toEqual(planPictures(300, 7));
    expect(planPictures(300, 8)).not.toEqual(planPictures(300, 7));
  });
});
