import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CenterCrop } from '../../src/images/center-crop.js';
import { matrixOf } from '../matrices.js';

describe('CenterCrop', () => {
  it('cuts the middle out of each image, all channels', () => {
    const crop = new CenterCrop([3, 4, 3], { height: 1, width: 2 });
    const values = Uint8Array.from({ length: 2 * 36 }, (_, i) => i);
    const y = crop.transform({ values, rows: 2, features: 36 });
    // Row 1, columns 1 and 2 of each.
    expect(y).toEqual({
      values: Uint8Array.of(15, 16, 17, 18, 19, 20, 51, 52, 53, 54, 55, 56),
      rows: 2,
      features: 6,
    });
  });

  it('leaves one pixel more at the end where sides cannot be equal', () => {
    const crop = new CenterCrop([4, 1, 1], { height: 1, width: 1 });
    expect([...crop.transform(matrixOf([0, 1, 2, 3])).values]).toEqual([1]);
  });

  it('agrees with the definition for any sides', () => {
    const side = fc.integer({ min: 1, max: 7 });
    fc.assert(
      fc.property(side, side, side, side, fc.constantFrom(1, 3), (H, W, a, b, channels) => {
        const [height, width] = [Math.min(H, a), Math.min(W, b)];
        const features = H * W * channels;
        const x = { values: Float32Array.from({ length: 2 * features }, (_, i) => i), rows: 2, features };
        const { values } = new CenterCrop([H, W, channels], { height, width }).transform(x);
        const [top, left] = [Math.floor((H - height) / 2), Math.floor((W - width) / 2)];
        let i = 0;
        for (let row = 0; row < 2; row++)
          for (let r = 0; r < height; r++)
            for (let c = 0; c < width; c++)
              for (let k = 0; k < channels; k++)
                expect(values[i++]).toBe(row * features + ((r + top) * W + c + left) * channels + k);
      }),
    );
  });

  it('keeps elements, tells the shape, and restores', async () => {
    const crop = await new CenterCrop([9, 8, 3], { height: 5, width: 7 }).fit();
    expect(crop.isFitted).toBe(true);
    expect(crop.outputShape([9, 8, 3])).toEqual([5, 7, 3]);
    expect(crop.outputType('uint8')).toBe('uint8');
    expect(CenterCrop.fromJSON(JSON.parse(JSON.stringify(crop)))).toEqual(crop);
  });

  it('refuses images that are smaller, and what are none', () => {
    const refused = 'expected images of at least 5x4 pixels, got 4x9x1';
    expect(() => new CenterCrop([4, 9, 1], { height: 5, width: 4 })).toThrow(refused);
    expect(() => new CenterCrop([9, 9], { height: 5, width: 4 })).toThrow('expected images');
    expect(() => new CenterCrop([9, 9, 1], { height: 0, width: 4 })).toThrow('sides of 1 to');
    const state = { kind: 'center-crop', version: 1, inputShape: [4, 4, 1], size: [5, 4] };
    expect(() => CenterCrop.fromJSON(state)).toThrow('state of center-crop: expected images of at least');
  });
});
