import sharp from 'sharp';
import { keyedStream } from '../src/batches/xoshiro.js';
import type { BadImageReason } from '../src/sources/bad-images.js';

const SIDE = 32;

/** A picture that does not compress well, so that every cut and every damage hits pixels. */
export function photograph(seed = 1) {
  const next = keyedStream([seed]);
  const raw = Uint8Array.from({ length: SIDE * SIDE * 3 }, () => 60 + (next() & 127));
  return sharp(raw, { raw: { width: SIDE, height: SIDE, channels: 3 } });
}

const chunk = (type: string, data: readonly number[]): Buffer =>
  // Nobody checks the sum of what is refused by its header.
  Buffer.concat([Buffer.of(0, 0, 0, data.length), Buffer.from(type, 'latin1'), Buffer.from(data), Buffer.alloc(4)]);

/** A PNG that says how large it is, and holds no pixel. */
export function emptyPng(width: number, height: number): Buffer {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  const signature = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Buffer.concat([signature, chunk('IHDR', [...size, 8, 2, 0, 0, 0]), chunk('IEND', [])]);
}

function changed(bytes: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(bytes);
  change(copy);
  return copy;
}

/** Files of every bad kind, and what is wrong with each. */
export async function badFiles(): Promise<Readonly<Record<string, readonly [BadImageReason, Buffer]>>> {
  const jpeg = await photograph().jpeg({ quality: 95 }).toBuffer();
  const [png, webp, gif, avif, tiff] = await Promise.all(
    (['png', 'webp', 'gif', 'avif', 'tiff'] as const).map((format) => photograph().toFormat(format).toBuffer()),
  );
  const pages = await Promise.all([1, 2].map((seed) => photograph(seed).png().toBuffer()));
  const frames = () => sharp(pages, { join: { animated: true } });
  const half = (bytes: Buffer | undefined): Buffer => bytes!.subarray(0, bytes!.length / 2);
  const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0));
  const header = png!.indexOf('IHDR') + 4 + 13 + 4;
  return {
    'empty.jpg': ['empty', Buffer.alloc(0)],
    'page.jpg': ['not-an-image', Buffer.from('<html>moved</html>')],
    'drawing.png': ['not-an-image', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>')],
    'half.jpg': ['truncated', half(jpeg)],
    'header.jpg': ['truncated', jpeg.subarray(0, 20)],
    'no-end.jpg': ['truncated', jpeg.subarray(0, jpeg.length - 2)],
    'zeros.jpg': ['truncated', changed(jpeg, (copy) => copy.fill(0, copy.length >> 1))],
    'half.png': ['truncated', half(png)],
    'half.webp': ['truncated', half(webp)],
    'half.gif': ['truncated', half(gif)],
    'half.avif': ['truncated', half(avif)],
    'half.tif': ['truncated', half(tiff)],
    // The end's mark stands in the middle of the pixels, too.
    'damaged.jpg': [
      'corrupt',
      changed(jpeg, (copy) => copy.fill(Buffer.of(0xff, 0xd9), copy.length >> 1, (copy.length >> 1) + 2)),
    ],
    'damaged.png': ['corrupt', changed(png!, (copy) => copy.fill(0, copy.length - 60, copy.length - 20))],
    'ink.jpg': ['cmyk', await photograph().toColourspace('cmyk').jpeg().toBuffer()],
    'ink.tif': ['cmyk', await photograph().toColourspace('cmyk').tiff().toBuffer()],
    'moving.gif': ['animated', await frames().gif().toBuffer()],
    'moving.webp': ['animated', await frames().webp().toBuffer()],
    'moving.png': [
      'animated',
      Buffer.concat([png!.subarray(0, header), chunk('acTL', [0, 0, 0, 2, 0, 0, 0, 0]), png!.subarray(header)]),
    ],
    'pages.tif': ['animated', await frames().tiff().toBuffer()],
    'large.png': ['too-large', emptyPng(20_000, 20_000)],
    'large.jpg': [
      'too-large',
      changed(jpeg, (copy) => copy.fill(Buffer.of(0x4e, 0x20, 0x4e, 0x20), frame + 5, frame + 9)),
    ],
  };
}
