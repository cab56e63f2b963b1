import { describe, expect, it } from 'vitest';
import { assertFeatures, featuresOf, shapeText } from '../src/shape.js';

describe('featuresOf', () => {
  it('multiplies the sides', () => {
    expect(featuresOf([28, 28, 1])).toBe(784);
    expect(featuresOf([1])).toBe(1);
  });

  it.each([[[]], [[0]], [[2, -1]], [[1.5]], [[2 ** 30, 2 ** 30]], [[Number.NaN]]])('refuses %j', (shape) => {
    expect(() => featuresOf(shape)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

it('shapeText spells a shape as steps do', () => {
  expect(shapeText([28, 28, 1])).toBe('28x28x1');
});

describe('assertFeatures', () => {
  it('accepts any shape of as many values, no other', () => {
    assertFeatures([7, 4], 28);
    expect(() => assertFeatures([7, 4], 27)).toThrow('expected samples of 27 values, got 7x4 = 28');
    expect(() => assertFeatures([255], 256)).toThrow(/got 255$/);
  });
});
