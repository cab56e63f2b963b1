import { describe, expect, it } from 'vitest';
import { parseIdxImages, parseIdxLabels, requireIdxBytes } from '../../src/sources/idx.js';

const u32 = (...words: number[]) =>
  words.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
const images = (sizes: number[], pixels: number) =>
  Uint8Array.from([...u32(0x803, ...sizes), ...new Array<number>(pixels).fill(7)]);

describe('parseIdxImages', () => {
  it('gives sizes and the length of the file', () => {
    const parsed = parseIdxImages(Uint8Array.from([...u32(0x803, 2, 1, 3), 1]), 'f');
    expect(parsed).toEqual({ count: 2, rows: 1, columns: 3, fileBytes: 22 });
  });

  it.each([
    ['an empty file', new Uint8Array(0), 'TRUNCATED', 'f: expected a header of 16 bytes, the file ends at byte 0'],
    ['half a header', images([2, 1], 0), 'TRUNCATED', 'the file ends at byte 12'],
    [
      'labels',
      Uint8Array.from([...u32(0x801, 8), 1, 2, 3, 4, 5, 6, 7, 8]),
      'INVALID_SOURCE',
      'byte 0: expected the IDX magic 0x00000803 (images), got 0x00000801',
    ],
    ['little-endian words', Uint8Array.from([3, 8, 0, 0, ...u32(1, 1, 1), 0]), 'INVALID_SOURCE', 'got 0x03080000'],
    ['no image', images([0, 28, 28], 0), 'INVALID_SOURCE', 'byte 4: expected a size above 0, got 0'],
    ['no column', images([1, 28, 0], 0), 'INVALID_SOURCE', 'byte 12: expected a size above 0, got 0'],
  ])('refuses %s', (_, bytes, code, message) => {
    expect(() => parseIdxImages(bytes, 'f')).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});

describe('requireIdxBytes', () => {
  it.each([
    ['too few pixels', [2, 2, 2], 23, 'TRUNCATED', 'f: expected 24 bytes for 2 × 2 × 2 images, got 23'],
    ['too many pixels', [2, 2, 2], 25, 'INVALID_SOURCE', 'got 25'],
    ['sizes beyond memory', [2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], 17, 'TRUNCATED', 'got 17'],
  ])('refuses %s', (_, sizes, gotBytes, code, message) => {
    const parsed = parseIdxImages(images(sizes, 0), 'f');
    expect(() => requireIdxBytes(parsed, gotBytes, 'f')).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  it('takes what the header promises', () => {
    expect(() => requireIdxBytes(parseIdxImages(images([2, 2, 2], 0), 'f'), 24, 'f')).not.toThrow();
  });
});

describe('parseIdxLabels', () => {
  it('gives the labels', () => {
    expect([...parseIdxLabels(Uint8Array.from([...u32(0x801, 3), 9, 0, 4]), 'f', 10)]).toEqual([9, 0, 4]);
  });

  it('names row and byte of a label out of range', () => {
    const bytes = Uint8Array.from([...u32(0x801, 3), 9, 10, 11]);
    expect(() => parseIdxLabels(bytes, 'f', 10)).toThrow('f: row 1 (byte 9): expected a label of 0 to 9, got 10');
  });

  it('refuses images and wrong lengths', () => {
    expect(() => parseIdxLabels(images([1, 1, 1], 1), 'f', 10)).toThrow('(labels), got 0x00000803');
    expect(() => parseIdxLabels(Uint8Array.from([...u32(0x801, 3), 1]), 'f', 10)).toThrow(
      'expected 11 bytes for 3 labels, got 9',
    );
  });
});
