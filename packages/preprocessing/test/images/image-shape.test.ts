import { describe, expect, it } from 'vitest';
import { assertSameShape, assertSize, imageShape } from '../../src/images/image-shape.js';

describe('imageShape', () => {
  it('names the sides', () => {
    expect(imageShape([4, 5, 3])).toEqual({ height: 4, width: 5, channels: 3 });
    expect(imageShape([1, 1, 1])).toEqual({ height: 1, width: 1, channels: 1 });
  });

  it.each([[[784]], [[28, 28]], [[4, 5, 2]], [[4, 5, 4]], [[1, 4, 5, 3]]])('refuses %j', (shape) => {
    expect(() => imageShape(shape)).toThrow('expected images of height x width x channels');
  });

  it('refuses what is no shape', () => {
    expect(() => imageShape([0, 5, 3])).toThrow('integers ≥ 1');
  });
});

describe('assertSize', () => {
  it.each([0, -1, 1.5, 16_385, Number.NaN])('refuses a side of %d', (side) => {
    expect(() => assertSize({ height: 4, width: side })).toThrow('expected sides of 1 to 16384 pixels');
    expect(() => assertSize({ height: side, width: 4 })).toThrow('expected sides of 1 to 16384 pixels');
  });
});

describe('assertSameShape', () => {
  it('refuses another shape, also of as many values', () => {
    assertSameShape([4, 5, 3], [4, 5, 3]);
    expect(() => assertSameShape([4, 5, 3], [5, 4, 3])).toThrow('expected images of 4x5x3, got 5x4x3');
    expect(() => assertSameShape([4, 5, 3], [60])).toThrow('got 60');
  });
});
