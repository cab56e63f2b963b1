import { requireNoInk, requireOneFrame, requirePixels, truncated, viewOf } from './image-header.js';

// TIFF      = order:2 bytes 42:u16 first:u32 …        order: "II" little-endian, "MM" big-endian
// directory = count:u16 { tag:u16 type:u16 count:u32 value:u32 } next:u32        value: where the values are, where they take more than 4 bytes
const [WIDTH, HEIGHT, PHOTOMETRIC] = [256, 257, 262];
/** Where the pixels are, and how many bytes: of strips, and of tiles. */
const PIXELS = [
  [273, 279],
  [324, 325],
] as const;
const SEPARATED = 5;
const SHORT = 3;
const LONG = 4;
/** A damaged link may go round in circles. */
const MOST_PAGES = 2;

/** @throws BadImageError truncated, too-large, cmyk, animated for more than one page; damage is the decoder's to find */
export function requireTiff(bytes: Uint8Array, where: string): void {
  const view = viewOf(bytes);
  const isLittle = bytes[0] === 0x49;
  const need = (end: number): void => {
    if (end > bytes.length) throw truncated(where, 'it ends before its pixels or its directory do');
  };
  need(8);
  let pages = 0;
  for (let at = view.getUint32(4, isLittle); at !== 0 && pages < MOST_PAGES; pages++) {
    need(at + 2);
    const entries = view.getUint16(at, isLittle);
    const end = at + 2 + 12 * entries;
    need(end + 4);
    const tags = new Map<number, readonly number[]>();
    for (let entry = at + 2; entry < end; entry += 12) {
      const [tag, type] = [view.getUint16(entry, isLittle), view.getUint16(entry + 2, isLittle)];
      const count = view.getUint32(entry + 4, isLittle);
      if (type !== SHORT && type !== LONG) continue;
      const size = type === SHORT ? 2 : 4;
      const from = count * size <= 4 ? entry + 8 : view.getUint32(entry + 8, isLittle);
      need(from + count * size);
      const read = (i: number): number =>
        size === 2 ? view.getUint16(from + 2 * i, isLittle) : view.getUint32(from + 4 * i, isLittle);
      tags.set(
        tag,
        Array.from({ length: count }, (_, i) => read(i)),
      );
    }
    requirePixels(tags.get(WIDTH)?.[0] ?? 0, tags.get(HEIGHT)?.[0] ?? 0, where);
    requireNoInk(tags.get(PHOTOMETRIC)?.[0] === SEPARATED, where);
    for (const [offsets, lengths] of PIXELS)
      for (const [i, offset] of (tags.get(offsets) ?? []).entries()) need(offset + (tags.get(lengths)?.[i] ?? 0));
    at = view.getUint32(end, isLittle);
  }
  requireOneFrame(pages, where);
}
