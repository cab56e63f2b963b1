import { describe, expect, it } from 'vitest';
import {
  imageFormat,
  requireAvif,
  requireGif,
  requireOneFrame,
  requirePixels,
  requirePng,
  requireWebp,
} from '../../src/sources/image-header.js';
import { badFiles, emptyPng, photograph } from '../bad-files.js';

const bad = await badFiles();
const bytesOf = (name: string): Buffer => bad[name]![1];

describe('imageFormat', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('knows %s by its first bytes', async (format) => {
    expect(imageFormat(await photograph().toFormat(format).toBuffer(), 'f').toLowerCase()).toBe(format);
  });

  it('says what it got instead', () => {
    expect(() => imageFormat(Buffer.alloc(0), 'x.jpg')).toThrow(
      expect.objectContaining({
        reason: 'empty',
        message: 'x.jpg: expected an image (JPEG, PNG, WebP, GIF, TIFF, AVIF), got an empty file',
      }),
    );
    expect(() => imageFormat(Buffer.from('<html>'), 'x.jpg')).toThrow(
      expect.objectContaining({ reason: 'not-an-image', message: expect.stringContaining('got bytes 3c68746d6c3e …') }),
    );
  });
});

describe('the headers', () => {
  it('of good files pass', async () => {
    requirePng(await photograph().png().toBuffer(), 'f');
    requirePng(emptyPng(10_000, 10_000), 'f');
    for (const lossless of [false, true]) requireWebp(await photograph().webp({ lossless }).toBuffer(), 'f');
    for (const colours of [2, 256]) requireGif(await photograph().gif({ colours }).toBuffer(), 'f');
    requireAvif(await photograph().avif().toBuffer(), 'f');
    requireOneFrame(1, 'f');
  });

  it.each([
    ['half.png', requirePng, 'half.png: cannot decode the image: it ends within a chunk'],
    [
      'large.png',
      requirePng,
      'large.png: expected at most 100000000 pixels, got 20000 × 20000, beyond the pixel limit',
    ],
    ['moving.png', requirePng, 'moving.png: expected one image, got 2 frames'],
    ['half.webp', requireWebp, 'half.webp: cannot decode the image: it ends before its last chunk'],
    ['moving.webp', requireWebp, 'moving.webp: expected one image, got an animation'],
    ['half.gif', requireGif, 'half.gif: cannot decode the image: it ends before its end mark'],
    ['moving.gif', requireGif, 'moving.gif: expected one image, got 2 frames'],
    ['half.avif', requireAvif, 'half.avif: cannot decode the image: it ends within a box'],
  ] as const)('of %s is refused', (name, check, message) => {
    expect(() => check(bytesOf(name), name)).toThrow(
      expect.objectContaining({ reason: bad[name]![0], message: expect.stringContaining(message) }),
    );
  });

  it('refuse an image sequence', async () => {
    const avif = Buffer.from(await photograph().avif().toBuffer());
    avif.write('avis', 8, 'latin1');
    expect(() => requireAvif(avif, 'f')).toThrow(expect.objectContaining({ reason: 'animated' }));
  });

  it('refuse a file that ends anywhere, and read nothing beyond it', async () => {
    const files = [
      [await photograph().png().toBuffer(), requirePng],
      [await photograph().webp().toBuffer(), requireWebp],
      [await photograph().gif().toBuffer(), requireGif],
    ] as const;
    requireGif(files[2][0].subarray(0, -1), 'only its end mark is missing');
    for (const [whole, check] of files) {
      for (let length = 12; length < whole.length - 1; length += 1 + Math.floor(whole.length / 200))
        expect(() => check(whole.subarray(0, length), 'f')).toThrow(expect.objectContaining({ reason: 'truncated' }));
    }
    // A box may end where the file does.
    const avif = await photograph().avif().toBuffer();
    for (let length = 12; length < avif.length; length += 3) {
      try {
        requireAvif(avif.subarray(0, length), 'f');
      } catch (error) {
        expect(error).toMatchObject({ reason: 'truncated' });
      }
    }
  });

  it('limits pixels, not sides', () => {
    requirePixels(100_000, 1_000, 'f');
    expect(() => requirePixels(100_001, 1_000, 'f')).toThrow('pixel limit');
  });
});
