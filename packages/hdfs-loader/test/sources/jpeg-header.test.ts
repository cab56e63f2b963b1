import { describe, expect, it } from 'vitest';
import { requireJpeg } from '../../src/sources/jpeg-header.js';
import { badFiles, photograph } from '../bad-files.js';

const bad = await badFiles();
const baseline = await photograph().jpeg().toBuffer();
const at = (marker: number): number => baseline.indexOf(Buffer.of(0xff, marker));

describe('requireJpeg', () => {
  it('takes good files, with rubbish behind them too', async () => {
    for (const progressive of [false, true]) {
      const jpeg = await photograph().jpeg({ progressive }).withMetadata({ orientation: 6 }).toBuffer();
      expect(requireJpeg(jpeg, 'f')).toMatchObject({ isOdd: false });
      expect(requireJpeg(Buffer.concat([jpeg, Buffer.alloc(5000, 7)]), 'f')).toMatchObject({ isOdd: false });
    }
    expect(requireJpeg(await photograph().toColourspace('b-w').jpeg().toBuffer(), 'f')).toMatchObject({ isOdd: false });
  });

  it('tells what is plain: nothing but pixels makes the picture', async () => {
    const header = { isOdd: false, isPlain: true, height: 32, width: 32 };
    for (const progressive of [false, true])
      expect(requireJpeg(await photograph().jpeg({ progressive }).toBuffer(), 'f')).toEqual({
        ...header,
        components: 3,
      });
    const gray = await photograph().toColourspace('b-w').jpeg().toBuffer();
    expect(requireJpeg(gray, 'f')).toEqual({ ...header, components: 1 });
    for (const orientation of [1, 6])
      expect(
        requireJpeg(await photograph().jpeg().withExif({}).withMetadata({ orientation }).toBuffer(), 'f').isPlain,
      ).toBe(
        false, // Metadata comes with a colour profile.
      );
    const profile = await photograph().jpeg().withIccProfile('p3').toBuffer();
    expect(requireJpeg(profile, 'f').isPlain).toBe(false);
  });

  it('tells of what only looks like damage', () => {
    const scan = at(0xda);
    const loose = Buffer.concat([baseline.subarray(0, scan), Buffer.alloc(3, 1), baseline.subarray(scan)]);
    expect(requireJpeg(loose, 'f')).toMatchObject({ isOdd: true, isPlain: false });
    const filled = Buffer.concat([baseline.subarray(0, scan), Buffer.alloc(3, 0xff), baseline.subarray(scan)]);
    expect(requireJpeg(filled, 'f')).toMatchObject({ isOdd: false });
    const unsaid = Buffer.from(baseline);
    unsaid[scan + 2 + baseline.readUInt16BE(scan + 2) - 2] = 0;
    expect(requireJpeg(unsaid, 'f')).toMatchObject({ isOdd: true, isPlain: false });
    const revision = Buffer.concat([
      baseline.subarray(0, 2),
      Buffer.from([0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 2, 1, 0, 0, 1, 0, 1, 0, 0]),
      baseline.subarray(2),
    ]);
    expect(requireJpeg(revision, 'f')).toMatchObject({ isOdd: true, isPlain: false });
  });

  it.each([
    ['half.jpg', 'half.jpg: cannot decode the image: premature end of JPEG image'],
    ['no-end.jpg', 'no-end.jpg: cannot decode the image: premature end of JPEG image'],
    ['zeros.jpg', 'zeros.jpg: cannot decode the image: premature end of JPEG image'],
    ['large.jpg', 'large.jpg: expected at most 100000000 pixels, got 20000 × 20000, beyond the pixel limit'],
    ['ink.jpg', 'ink.jpg: expected gray or RGB, got CMYK'],
  ])('refuses %s', (name, message) => {
    expect(() => requireJpeg(bad[name]![1], name)).toThrow(expect.objectContaining({ reason: bad[name]![0], message }));
  });

  it('refuses a file that ends anywhere, and reads nothing beyond it', () => {
    for (let length = 3; length < baseline.length; length += 2)
      expect(() => requireJpeg(baseline.subarray(0, length), 'f')).toThrow(
        expect.objectContaining({ reason: 'truncated' }),
      );
  });
});
