import { describe, expect, it } from 'vitest';
import { requireTiff } from '../../src/sources/tiff-header.js';
import { badFiles, photograph } from '../bad-files.js';

const bad = await badFiles();

describe('requireTiff', () => {
  it('takes good files, in strips and in tiles', async () => {
    requireTiff(await photograph().tiff().toBuffer(), 'f');
    requireTiff(await photograph().tiff({ compression: 'none' }).toBuffer(), 'f');
    requireTiff(await photograph().tiff({ tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(), 'f');
    requireTiff(await photograph().toColourspace('b-w').tiff({ compression: 'lzw' }).toBuffer(), 'f');
  });

  it('reads big-endian files', () => {
    const directory = (next: number, width: number): number[] => [
      ...[0, 2, 1, 0, 0, 3, 0, 0, 0, 1, width >> 8, width & 255, 0, 0, 1, 1, 0, 3, 0, 0, 0, 1, 0x4e, 0x20, 0, 0],
      ...[0, 0, 0, next],
    ];
    const file = (next: number, width: number): Buffer =>
      Buffer.from([0x4d, 0x4d, 0, 42, 0, 0, 0, 8, ...directory(next, width)]);
    requireTiff(file(0, 5), 'f');
    expect(() => requireTiff(file(0, 20_000), 'f')).toThrow(expect.objectContaining({ reason: 'too-large' }));
    // Its second page is its first one again.
    expect(() => requireTiff(file(8, 5), 'f')).toThrow(expect.objectContaining({ reason: 'animated' }));
  });

  it.each(['half.tif', 'ink.tif', 'pages.tif'])('refuses %s', (name) => {
    expect(() => requireTiff(bad[name]![1], name)).toThrow(expect.objectContaining({ reason: bad[name]![0] }));
  });

  it('refuses a file that ends anywhere, and reads nothing beyond it', async () => {
    const whole = await photograph().tiff({ compression: 'none' }).toBuffer();
    for (let length = 4; length < whole.length - 8; length += 13)
      expect(() => requireTiff(whole.subarray(0, length), 'f')).toThrow(
        expect.objectContaining({ reason: 'truncated' }),
      );
  });
});
