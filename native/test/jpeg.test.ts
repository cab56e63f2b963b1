import sharp, { type JpegOptions, type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodeJpegs, hasJpeg } from '../lib/jpeg.js';

const able = hasJpeg();

/** Soft forms, an edge and a little noise, as photographs have. */
function scene(width: number, height: number): Sharp {
  let state = 1;
  const noise = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 29) - 4;
  };
  const raw = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const edge = (x - width / 3) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2 ? 60 : 0;
      raw[i++] = 100 + 80 * Math.sin(x / 17) + edge + noise();
      raw[i++] = 120 + 60 * Math.cos(y / 23) + noise();
      raw[i++] = 90 + 50 * Math.sin((x + y) / 31) - edge + noise();
    }
  }
  return sharp(raw, { raw: { width, height, channels: 3 } });
}
const decode = async (jpeg: Uint8Array, width: number, height: number, channels: 1 | 3) => {
  const out = new Uint8Array(width * height * channels);
  expect(await decodeJpegs([jpeg], out, { height, width, channels })).toEqual([null]);
  return out;
};

const KINDS = {
  '4:4:4': { chromaSubsampling: '4:4:4' },
  '4:2:0': { chromaSubsampling: '4:2:0' },
  progressive: { progressive: true },
  'progressive 4:4:4': { progressive: true, chromaSubsampling: '4:4:4' },
  coarse: { quality: 20 },
} as const satisfies Record<string, JpegOptions>;

describe.skipIf(!able.ok)('decodeJpegs', () => {
  test.each(Object.entries(KINDS))('gives the very bytes that sharp gives: %s', async (_, options) => {
    for (const [width, height] of [
      [64, 48],
      [61, 37],
      [1, 1],
      [8, 129],
    ] as const) {
      const jpeg = await scene(width, height).jpeg(options).toBuffer();
      expect(await decode(jpeg, width, height, 3)).toEqual(new Uint8Array(await sharp(jpeg).raw().toBuffer()));
      const gray = await scene(width, height).toColourspace('b-w').jpeg(options).toBuffer();
      const bytes = await sharp(gray).toColourspace('b-w').raw().toBuffer();
      expect(await decode(gray, width, height, 1)).toEqual(new Uint8Array(bytes));
      const wide = await decode(gray, width, height, 3);
      expect(wide.filter((_, i) => i % 3 === 2)).toEqual(await decode(gray, width, height, 1));
    }
  });

  test('makes gray of colours by Rec. 601', async () => {
    const jpeg = await scene(64, 48).jpeg({ chromaSubsampling: '4:4:4', quality: 95 }).toBuffer();
    const [gray, colour] = [await decode(jpeg, 64, 48, 1), await decode(jpeg, 64, 48, 3)];
    for (const [i, y] of gray.entries()) {
      const [r, g, b] = colour.subarray(3 * i) as unknown as [number, number, number];
      // Colours out of range are cut off, brightness is not.
      if (Math.min(r, g, b) > 0 && Math.max(r, g, b) < 255)
        expect(Math.abs(y - (0.299 * r + 0.587 * g + 0.114 * b))).toBeLessThan(1.5);
    }
  });

  test.each([
    [300, 450, 128, 128],
    [450, 301, 128, 128],
    [1024, 640, 100, 60],
    [130, 128, 128, 128],
    [640, 480, 28, 28],
    [257, 64, 64, 64],
  ])('scales %i × %i to cover %i × %i as sharp does, within two levels', async (width, height, w, h) => {
    const jpeg = await scene(width, height).jpeg({ quality: 88 }).toBuffer();
    const ours = await decode(jpeg, w, h, 3);
    const theirs = await sharp(jpeg).resize(w, h, { fit: 'cover' }).raw().toBuffer();
    let sum = 0;
    for (const [i, value] of ours.entries()) sum += Math.abs(value - theirs[i]!);
    expect(sum / ours.length).toBeLessThan(2);
  });

  test('says of each image what is wrong with it, and decodes the others', async () => {
    const jpeg = await scene(32, 32).jpeg({ quality: 95 }).toBuffer();
    const damaged = Buffer.from(jpeg);
    damaged.set([0xff, 0xd9], damaged.length >> 1);
    const bad = [
      Buffer.alloc(0),
      Buffer.from('no image'),
      jpeg.subarray(0, 100),
      jpeg.subarray(0, jpeg.length >> 1),
      damaged,
      await scene(31, 32).jpeg().toBuffer(),
      await scene(32, 32).toColourspace('cmyk').jpeg().toBuffer(),
    ];
    const out = new Uint8Array((bad.length + 2) * 3072);
    const lines = await decodeJpegs([jpeg, ...bad, jpeg], out, { height: 32, width: 32, channels: 3 });
    const line = expect.stringMatching(/^[^\n]+$/);
    expect(lines).toEqual([null, ...bad.map(() => line), null]);
    expect(out.subarray(0, 3072)).toEqual(out.subarray(-3072));
    expect(out.subarray(0, 3072)).toEqual(await decode(jpeg, 32, 32, 3));
  });

  test('survives damage anywhere', async () => {
    for (const options of [{}, { progressive: true }]) {
      const jpeg = await scene(40, 40).jpeg(options).toBuffer();
      const images = Array.from({ length: 400 }, (_, i) => {
        const copy = Buffer.from(jpeg);
        copy[(i * 7919) % copy.length]! ^= 1 << (i % 8);
        return copy;
      });
      const lines = await decodeJpegs(images, new Uint8Array(400 * 1600), { height: 40, width: 40, channels: 1 });
      expect(lines).toHaveLength(400);
    }
  });

  test('refuses what is no form, and too little room', async () => {
    const form = { height: 2, width: 2, channels: 1 } as const;
    await expect(decodeJpegs([new Uint8Array(3)], new Uint8Array(3), form)).rejects.toThrow(/out: at least 4 .* got 3/);
    await expect(decodeJpegs([], new Uint8Array(3), { ...form, height: 0 })).rejects.toThrow(/sides from 1 .* got 0/);
    const channels = 2 as 1;
    await expect(decodeJpegs([], new Uint8Array(3), { ...form, channels })).rejects.toThrow(/1 or 3 channels/);
    expect(await decodeJpegs([], new Uint8Array(0), form)).toEqual([]);
  });
});
