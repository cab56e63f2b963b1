import { expect, it } from 'vitest';
import { tones } from '../../src/synthetic/design.js';

it('has tones that differ, each three bytes', () => {
  const values = Object.values(tones);
  expect(values.flat().every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
  expect(new Set(values.map(String)).size).toBe(values.length);
});
