import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { pictureOf, pictureShape, rangeOf } from '../../src/preprocess/picture.js';

describe('pictureOf', () => {
  it('brings a range onto gray, and cuts what is beyond', async () => {
    const uri = await pictureOf([-2, -1, 0, 1, 2, 9], [2, 3, 1], [-1, 1]);
    const png = Buffer.from(uri.replace('data:image/png;base64,', ''), 'base64');
    const { data, info } = await sharp(png).greyscale().raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([3, 2]);
    expect([...data]).toEqual([0, 0, 128, 255, 255, 255]);
  });

  it('keeps colours, and shows what has no range as black', async () => {
    const pixels = async (uri: string) => [
      ...(await sharp(Buffer.from(uri.split(',')[1]!, 'base64'))
        .raw()
        .toBuffer()),
    ];
    const red = await pictureOf(Uint8Array.of(255, 0, 0, 9, 9, 9), [1, 2, 3], [0, 255]);
    expect(await pixels(red)).toEqual([255, 0, 0, 9, 9, 9]);
    expect(await pixels(await pictureOf([5, 5, 5, 5, 5, 5], [1, 2, 3], [5, 5]))).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('pictureShape', () => {
  it.each([
    [[28, 28, 1], true],
    [[2, 3, 3], true],
    [[28, 28, 4], false],
    [[784], false],
    [[1, 784, 1], false],
  ])('%j is a picture: %s', (shape, isPicture) => {
    expect(pictureShape(shape) !== null).toBe(isPicture);
  });
});

describe('rangeOf', () => {
  it('gives the smallest and the largest', () => expect(rangeOf([3, -1, 2])).toEqual([-1, 3]));
});
