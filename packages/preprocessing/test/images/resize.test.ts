import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Resize } from '../../src/images/resize.js';
import { matrixOf } from '../matrices.js';

/** One gray image, darker from left to right. */
const ramp = (height: number, width: number) =>
  Uint8Array.from({ length: height * width }, (_, i) => Math.round(255 - (255 * (i % width)) / (width - 1)));

describe('Resize', () => {
  it('keeps a plain colour, of 1 and of 3 channels, smaller and larger', async () => {
    const side = fc.integer({ min: 1, max: 40 });
    await fc.assert(
      fc.asyncProperty(side, side, side, side, fc.constantFrom(1, 3), async (H, W, height, width, channels) => {
        const colour = [10, 200, 77].slice(0, channels);
        const image = (pixels: number) =>
          Uint8Array.from({ length: pixels * channels }, (_, i) => colour[i % channels]!);
        const x = { values: image(H * W), rows: 1, features: H * W * channels };
        const y = await new Resize([H, W, channels], { height, width }).transform(x);
        expect(y).toEqual({ values: image(height * width), rows: 1, features: height * width * channels });
      }),
      { numRuns: 40 },
    );
  });

  it('covers the size, and cuts what is over at the centre', async () => {
    const [height, width] = [40, 80];
    const x = { values: ramp(height, width), rows: 1, features: height * width };
    const y = await new Resize([height, width, 1], { height: 20, width: 20 }).transform(x);
    // Halved to 20 × 40, columns 10 to 29 stay: 20.5 and 59.5 of the 80 in the source.
    expect(Math.abs(y.values[0]! - (255 - (255 * 20.5) / 79))).toBeLessThan(2);
    expect(Math.abs(y.values[19]! - (255 - (255 * 58.5) / 79))).toBeLessThan(2);
  });

  it('keeps rows apart and in order, also when there are many', async () => {
    const values = Uint8Array.from({ length: 50 * 12 }, (_, i) => 5 * Math.floor(i / 12));
    const y = await new Resize([2, 2, 3], { height: 3, width: 1 }).transform({ values, rows: 50, features: 12 });
    expect([...y.values]).toEqual(Array.from({ length: 50 * 9 }, (_, i) => 5 * Math.floor(i / 9)));
  });

  it('makes of gray images what it makes of each alone, however many there are', async () => {
    const [height, width, pixels] = [9, 7, 63];
    const gray = new Resize([height, width, 1], { height: 4, width: 5 });
    const colour = new Resize([height, width, 3], { height: 4, width: 5 });
    for (const rows of [1, 2, 3, 4, 5, 29]) {
      const values = Uint8Array.from({ length: rows * pixels }, (_, i) => (i * i * 7) % 256);
      const { values: resized } = await gray.transform({ values, rows, features: pixels });
      const tripled = Uint8Array.from({ length: 3 * values.length }, (_, i) => values[Math.floor(i / 3)]!);
      const alone = await colour.transform({ values: tripled, rows, features: 3 * pixels });
      expect([...resized]).toEqual([...alone.values].filter((_, i) => i % 3 === 0));
    }
  });

  it('gives what is of that size, and no rows, as they are', async () => {
    const resize = new Resize([4, 4, 1], { height: 4, width: 4 });
    const x = { values: ramp(4, 4), rows: 1, features: 16 };
    expect(await resize.transform(x)).toBe(x);
    const none = await new Resize([4, 4, 1], { height: 2, width: 2 }).transform({ ...x, rows: 0 });
    expect(none).toEqual({ values: new Uint8Array(0), rows: 0, features: 4 });
  });

  it('tells the shape, and restores', async () => {
    const resize = await new Resize([9, 8, 3], { height: 5, width: 70 }).fit();
    expect(resize.isFitted).toBe(true);
    expect(resize.outputShape([9, 8, 3])).toEqual([5, 70, 3]);
    expect(resize.outputType('uint8')).toBe('uint8');
    expect(Resize.fromJSON(JSON.parse(JSON.stringify(resize)))).toEqual(resize);
  });

  it('refuses other elements, rows and sizes', async () => {
    const resize = new Resize([1, 2, 1], { height: 1, width: 1 });
    expect(() => resize.outputType('float32')).toThrow('expected uint8 pixels, got float32');
    await expect(resize.transform(matrixOf([1, 2]))).rejects.toThrow('expected uint8 pixels, got Float32Array');
    const wide = { values: new Uint8Array(3), rows: 1, features: 3 };
    await expect(resize.transform(wide)).rejects.toThrow('expected rows of 2 features, got 3');
    expect(() => new Resize([1, 2, 1], { height: 0, width: 1 })).toThrow('sides of 1 to 16384');
    expect(() => new Resize([2], { height: 1, width: 1 })).toThrow('expected images');
    const state = { kind: 'resize', version: 1, inputShape: [1, 2, 1], size: [1, 1.5] };
    expect(() => Resize.fromJSON(state)).toThrow('state of resize: expected sides');
  });
});
