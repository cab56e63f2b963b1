import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { augmentBatch, flip, imageShape, parseAugmentations, shift } from '../../src/batches/augmentation.js';

/** A stream that gives these numbers. */
const drawing = (...numbers: number[]) => {
  const left = [...numbers];
  return () => left.shift()!;
};
const IMAGE = { height: 2, width: 3, channels: 1 };
const pixels = () => Uint8Array.of(1, 2, 3, 4, 5, 6);

describe('flip', () => {
  it('mirrors rows, pixel by pixel, half of the time', () => {
    const image = pixels();
    flip(image, IMAGE, drawing(0));
    expect([...image]).toEqual([1, 2, 3, 4, 5, 6]);
    flip(image, IMAGE, drawing(1));
    expect([...image]).toEqual([3, 2, 1, 6, 5, 4]);
    const coloured = Uint8Array.of(1, 2, 3, 4);
    flip(coloured, { height: 1, width: 2, channels: 2 }, drawing(1));
    expect([...coloured]).toEqual([3, 4, 1, 2]);
  });
});

describe('shift', () => {
  // Draws of 0, 1, 2 are −1, 0, 1.
  it.each([
    [1, 1, [1, 2, 3, 4, 5, 6]],
    [2, 1, [0, 1, 2, 0, 4, 5]],
    [0, 1, [2, 3, 0, 5, 6, 0]],
    [1, 2, [0, 0, 0, 1, 2, 3]],
    [1, 0, [4, 5, 6, 0, 0, 0]],
    [2, 2, [0, 0, 0, 0, 1, 2]],
    [0, 0, [5, 6, 0, 0, 0, 0]],
  ])('moves by draws of %i, %i', (x, y, expected) => {
    const image = pixels();
    shift(1)(image, IMAGE, drawing(x, y));
    expect([...image]).toEqual(expected);
  });

  it('moves real numbers as it moves pixels', () => {
    const image = Float32Array.of(-1.5, 2.25, 3, 4, 5, 6e9);
    flip(image, IMAGE, drawing(1));
    expect([...image]).toEqual([3, 2.25, -1.5, 6e9, 5, 4].map(Math.fround));
    shift(1)(image, IMAGE, drawing(2, 1));
    expect([...image]).toEqual([0, 3, 2.25, 0, 6e9, 5].map(Math.fround));
  });

  it('is the shift of every pixel, out of the image too', () => {
    const shape = fc.record({
      height: fc.integer({ min: 1, max: 5 }),
      width: fc.integer({ min: 1, max: 5 }),
      channels: fc.integer({ min: 1, max: 3 }),
    });
    const given = fc
      .integer({ min: 1, max: 7 })
      .chain((most) => fc.tuple(fc.constant(most), fc.nat(2 * most), fc.nat(2 * most)));
    fc.assert(
      fc.property(shape, given, ({ height, width, channels }, [most, x, y]) => {
        const before = Uint8Array.from({ length: height * width * channels }, (_, i) => i + 1);
        const image = before.slice();
        shift(most)(image, { height, width, channels }, drawing(x, y));
        for (let r = 0; r < height; r++) {
          for (let c = 0; c < width * channels; c++) {
            const [fromR, fromC] = [r - (y - most), c - (x - most) * channels];
            const inside = fromR >= 0 && fromR < height && fromC >= 0 && fromC < width * channels;
            expect(image[r * width * channels + c]).toBe(inside ? before[fromR * width * channels + fromC] : 0);
          }
        }
      }),
    );
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %s pixels', (most) => {
    expect(() => shift(most)).toThrow(/expected a whole number of pixels/);
  });
});

describe('augmentBatch', () => {
  it('does the same with an image wherever its batch begins, and otherwise in another epoch or with another seed', () => {
    const count = 64;
    const whole = Uint8Array.from({ length: count * 6 }, (_, i) => i % 251);
    const run = (batch: number, seed: number, epoch: number): number[] => {
      const inputs = whole.slice();
      for (let start = 0; start < count; start += batch) {
        const view = inputs.subarray(start * 6, Math.min(start + batch, count) * 6);
        augmentBatch(view, [flip, shift(1)], { shape: IMAGE, seed, epoch, start });
      }
      return [...inputs];
    };
    const first = run(64, 1, 0);
    expect(first).not.toEqual([...whole]);
    expect(run(5, 1, 0)).toEqual(first);
    expect(run(64, 2, 0)).not.toEqual(first);
    expect(run(64, 1, 1)).not.toEqual(first);
  });

  it('flips half of the images', () => {
    const count = 10_000;
    const inputs = Uint8Array.from({ length: count * 2 }, (_, i) => i % 2);
    augmentBatch(inputs, [flip], { shape: { height: 1, width: 2, channels: 1 }, seed: 1, epoch: 0, start: 0 });
    const flipped = inputs.filter((value, i) => i % 2 === 0 && value === 1).length;
    // Five standard deviations of a binomial of 10,000 at one half.
    expect(Math.abs(flipped - count / 2)).toBeLessThan(250);
  });

  it('takes a function of one’s own', () => {
    const inputs = pixels();
    augmentBatch(inputs, [(image) => image.fill(9)], { shape: IMAGE, seed: 1, epoch: 0, start: 0 });
    expect([...inputs]).toEqual([9, 9, 9, 9, 9, 9]);
  });
});

describe('parseAugmentations', () => {
  it('reads names in their order', () => {
    const [first, second] = parseAugmentations(' flip, shift=2');
    expect([first, typeof second]).toEqual([flip, 'function']);
  });

  it.each(['', 'flip,', 'turn', 'shift', 'shift=0', 'shift=-1', 'shift=1.5', 'shift=99999', 'flip=1'])(
    'refuses %j',
    (text) => {
      expect(() => parseAugmentations(text)).toThrow(/^expected flip or shift=N, got "/);
    },
  );
});

describe('imageShape', () => {
  it('takes three sizes, and says what else came', () => {
    expect(imageShape([28, 24, 3])).toEqual({ height: 28, width: 24, channels: 3 });
    expect(() => imageShape([784])).toThrow('expected images [height, width, channels], got samples of shape [784]');
  });
});
