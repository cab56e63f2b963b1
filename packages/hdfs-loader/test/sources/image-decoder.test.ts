import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  decodeImage,
  decodeImages,
  imageForm,
  isImageName,
  requireImageOptions,
} from '../../src/sources/image-decoder.js';
import { badFiles, photograph } from '../bad-files.js';

/** Red above, blue below. */
const flag = (width = 6, height = 4) => {
  const raw = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) raw.set(i < (width * height) / 2 ? [255, 0, 0] : [0, 0, 255], i * 3);
  return sharp(raw, { raw: { width, height, channels: 3 } });
};
const decode = async (bytes: Uint8Array, options: Parameters<typeof imageForm>[2] = {}) => {
  const form = await imageForm(bytes, 'f.png', options);
  return { form, pixels: await decodeImage(bytes, 'f.png', form) };
};

describe('imageForm and decodeImage', () => {
  it.each(['png', 'webp', 'tiff', 'gif', 'avif', 'jpeg'] as const)('read %s', async (format) => {
    const options = { lossless: true, quality: 100 };
    const { form, pixels } = await decode(await flag(32, 16).toFormat(format, options).toBuffer());
    expect(form).toEqual({ height: 16, width: 32, channels: 3, decidedBy: 'f.png' });
    expect(pixels).toHaveLength(32 * 16 * 3);
    expect(pixels[0]).toBeGreaterThan(230);
    expect(pixels.at(-1)).toBeGreaterThan(230);
  });

  it('give the very pixels of a lossless image', async () => {
    const { pixels } = await decode(await flag(2, 2).png().toBuffer());
    expect([...pixels]).toEqual([255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 255]);
  });

  it('keep gray images gray, and make gray or colour of either', async () => {
    const gray = await flag().toColourspace('b-w').png().toBuffer();
    expect((await decode(gray)).form.channels).toBe(1);
    const colour = await decode(gray, { channels: 3 });
    expect(colour.pixels).toHaveLength(6 * 4 * 3);
    expect(colour.pixels[0]).toBe(colour.pixels[1]);
    expect((await decode(await flag().png().toBuffer(), { channels: 1 })).pixels).toHaveLength(24);
  });

  it('scale to cover, and cut at the centre', async () => {
    const { form, pixels } = await decode(await flag(40, 20).png().toBuffer(), { imageSize: { height: 8, width: 4 } });
    expect(form).toMatchObject({ height: 8, width: 4, decidedBy: null });
    expect(pixels).toHaveLength(8 * 4 * 3);
    expect([...pixels.subarray(0, 3)]).toEqual([255, 0, 0]);
  });

  it('take transparency on white, 16 bits as 8, and turn as EXIF says', async () => {
    const clear = sharp({ create: { width: 2, height: 2, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } });
    expect([...(await decode(await clear.png().toBuffer())).pixels]).toEqual(new Array(12).fill(255));
    const deep = await flag().toColourspace('rgb16').png().toBuffer();
    expect((await decode(deep)).pixels[0]).toBe(255);
    const turned = await flag(16, 8).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect((await decode(turned)).form).toMatchObject({ height: 16, width: 8 });
  });

  it('take a JPEG with a few bytes too many before a marker, as cameras write them', async () => {
    const jpeg = await flag(32, 32).jpeg().toBuffer();
    const scan = jpeg.indexOf(Buffer.of(0xff, 0xda));
    const loose = Buffer.concat([jpeg.subarray(0, scan), Buffer.alloc(5, 1), jpeg.subarray(scan)]);
    expect((await decode(loose)).pixels).toEqual((await decode(jpeg)).pixels);
  });

  it('make the same of a JPEG by either decoder, gray within one level', async () => {
    const { pixels: turned } = await decode(await flag(16, 8).withMetadata({ orientation: 6 }).jpeg().toBuffer());
    expect(turned).toHaveLength(16 * 8 * 3);
    for (const space of ['srgb', 'b-w'] as const) {
      const jpeg = await photograph().toColourspace(space).jpeg({ quality: 90 }).toBuffer();
      const scan = jpeg.indexOf(Buffer.of(0xff, 0xda));
      // Loose bytes: sharp has it.
      const loose = Buffer.concat([jpeg.subarray(0, scan), Buffer.alloc(5, 1), jpeg.subarray(scan)]);
      for (const channels of [1, 3] as const) {
        const [a, b] = [await decode(jpeg, { channels }), await decode(loose, { channels })];
        expect(a.form).toEqual(b.form);
        const most = Math.max(...a.pixels.map((value, i) => Math.abs(value - b.pixels[i]!)));
        expect(most).toBeLessThanOrEqual(channels === 1 && space === 'srgb' ? 1 : 0);
      }
    }
  });

  it('decode many, each into its place, whatever decodes it', async () => {
    const [jpeg, png] = [await photograph().jpeg().toBuffer(), await photograph().png().toBuffer()];
    const form = { height: 32, width: 32, channels: 3, decidedBy: null } as const;
    const files = [jpeg, png, null, jpeg, jpeg, Buffer.from('text'), jpeg];
    const out = new Uint8Array(files.length * 3072);
    const images = files.map((bytes, i) => bytes && { bytes, where: `${i}` });
    const problems = await decodeImages(images, form, out);
    expect(problems.map((problem) => problem?.message.slice(0, 2))).toEqual([
      ...new Array(5).fill(undefined),
      '5:',
      undefined,
    ]);
    for (const [i, bytes] of files.entries())
      if (bytes && i !== 5)
        expect(out.subarray(i * 3072, (i + 1) * 3072)).toEqual(new Uint8Array(await decodeImage(bytes, '', form)));
  });

  it('refuse every kind of bad file, with its reason', async () => {
    for (const [name, [reason, bytes]] of Object.entries(await badFiles())) {
      const form = { height: 8, width: 8, channels: 3, decidedBy: null } as const;
      const message = expect.stringMatching(new RegExp(`^${name}: [^\\n]+$`));
      await expect(decodeImage(bytes, name, form), name).rejects.toMatchObject({ reason, message });
    }
  });

  it.each([
    [
      'an empty file',
      Buffer.alloc(0),
      'x.jpg: expected an image (JPEG, PNG, WebP, GIF, TIFF, AVIF), got an empty file',
    ],
    ['text', Buffer.from('<html>moved</html>'), 'got bytes 3c68746d6c3e6d6f …'],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>'), 'expected an image'],
    ['a signature with nothing behind it', Buffer.of(0xff, 0xd8, 0xff, 0xe0), 'x.jpg: cannot decode the image: '],
  ])('refuse %s by name', async (_, bytes, message) => {
    const form = { height: 2, width: 2, channels: 3, decidedBy: null } as const;
    for (const read of [() => imageForm(bytes, 'x.jpg', {}), () => decodeImage(bytes, 'x.jpg', form)]) {
      await expect(read()).rejects.toMatchObject({
        code: 'INVALID_SOURCE',
        message: expect.stringContaining(message),
      });
    }
  });

  it('refuse a truncated image and one with damage inside', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
    const whole = await sharp({ create: { width: 128, height: 128, channels: 3, background: 'red', noise } })
      .jpeg()
      .toBuffer();
    const form = await imageForm(whole, 'whole.jpg', {});
    await expect(decodeImage(whole.subarray(0, whole.length / 2), 'half.jpg', form)).rejects.toThrow(
      /half\.jpg: cannot decode/,
    );
    const png = await flag(64, 64).png().toBuffer();
    png.fill(0, png.length - 40, png.length - 20);
    await expect(decode(png)).rejects.toThrow(/f\.png: cannot decode/);
  });

  it('refuse another size with a line that names both files and the flag', async () => {
    const form = await imageForm(await flag().png().toBuffer(), 'first.png', {});
    await expect(decodeImage(await flag(6, 5).png().toBuffer(), 'other.png', form)).rejects.toThrow(
      'other.png: expected 4 × 6 × 3 like first.png, got 5 × 6 × 3: --image-size makes all alike',
    );
  });
});

describe('requireImageOptions', () => {
  it('refuses sides and channels that cannot be', () => {
    requireImageOptions({ imageSize: { height: 1, width: 16_384 }, channels: 1 });
    expect(() => requireImageOptions({ imageSize: { height: 0, width: 2 } })).toThrow(/imageSize: expected .* got 0/);
    expect(() => requireImageOptions({ channels: 4 as 3 })).toThrow('channels: expected 1 or 3, got 4');
  });
});

describe('isImageName', () => {
  it('goes by the ending', () => {
    for (const name of ['a.jpg', 'b.JPEG', 'c d.png', 'e.webp', 'f.tif', 'ü.avif'])
      expect(isImageName(name)).toBe(true);
    for (const name of ['a.txt', 'jpg', 'a.jpg.crc', 'x.svg']) expect(isImageName(name)).toBe(false);
  });
});
