import { expect, it } from 'vitest';
import { type Category, type Design, tones } from '../../src/synthetic/design.js';
import { CUT_WORDS, styleOf } from '../../src/synthetic/style.js';

const design: Design = { garment: 0, width: 1, height: 1, fabrics: ['stripes', 'plain'], tones: ['black', 'white'] };
const category: Category & { design: Design } = { name: 'Tee', type: 1, originals: 1, design };

it('is the same for the same product and seed, and draws from the design alone', () => {
  expect(styleOf(category, 3, 1)).toEqual(styleOf(category, 3, 1));
  expect(styleOf(category, 3, 2)).not.toEqual(styleOf(category, 3, 1));
  const styles = Array.from({ length: 50 }, (_, product) => styleOf(category, product, 1));
  expect(new Set(styles.map(({ fabric }) => fabric))).toEqual(new Set(['stripes', 'plain']));
  for (const { tone, accent, lining, words } of styles) {
    const isDark = tone[1] < 110;
    expect(Math.abs(tone[1] - tones[isDark ? 'black' : 'white'][1])).toBeLessThan(45);
    // The pattern and the lining can be seen on it.
    expect(accent[1] > tone[1]).toBe(isDark);
    expect(lining).toBe(isDark ? tones.white : tones.gray);
    expect(CUT_WORDS).toContain(words[0]);
    expect(words[1]).toMatch(/^[A-Z][A-Za-z_-]+$/);
  }
});
