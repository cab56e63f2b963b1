import { requireNoInk, requirePixels, truncated, viewOf } from './image-header.js';

// JPEG    = SOI { segment } SOS scan { segment | scan } EOI
// segment = 0xff { 0xff } marker length:u16 bytes of length − 2
// SOF     : precision:u8 height:u16 width:u16 components:u8        SOS: components:u8 { u8 u8 } first:u8 last:u8 approximation:u8
const [SOS, EOI, APP0] = [0xda, 0xd9, 0xe0];
const [FIRST_SOF, LAST_SOF, LAST_SEQUENTIAL] = [0xc0, 0xcf, 0xc1];
/** In the range of the frame headers, but other tables: DHT, JPG, DAC. */
const NO_FRAME: ReadonlySet<number> = new Set([0xc4, 0xc8, 0xcc]);
const JFIF = 0x4a_46_49_46;

/**
 * Looks at the segments before the first scan, and for the end.
 *
 * @param where the file, for messages
 * @returns isOdd: it is written as some cameras do, which costs no pixel but makes libjpeg warn as it does of damage: loose bytes between
 *   segments, the last coefficient of a sequential scan not said, an unknown revision of JFIF
 * @throws BadImageError truncated, too-large, cmyk
 */
export function requireJpeg(bytes: Uint8Array, where: string): { isOdd: boolean } {
  const view = viewOf(bytes);
  let isOdd = false;
  let isSequential = false;
  let at = 2;
  for (;;) {
    while (at < bytes.length && bytes[at] !== 0xff) {
      at += 1;
      isOdd = true;
    }
    if (at + 4 > bytes.length) throw truncated(where, 'premature end of JPEG image');
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const next = at + 2 + view.getUint16(at + 2);
    if (next > bytes.length) throw truncated(where, 'premature end of JPEG image');
    if (marker >= FIRST_SOF && marker <= LAST_SOF && !NO_FRAME.has(marker) && next >= at + 10) {
      requirePixels(view.getUint16(at + 7), view.getUint16(at + 5), where);
      requireNoInk(bytes[at + 9] === 4, where);
      isSequential = marker <= LAST_SEQUENTIAL;
    }
    if (marker === APP0 && next >= at + 10 && view.getUint32(at + 4) === JFIF && bytes[at + 9] !== 1) isOdd = true;
    if (marker === SOS) {
      const [first, last, approximation] = bytes.subarray(next - 3, next);
      if (isSequential && (first !== 0 || last !== 63 || approximation !== 0)) isOdd = true;
      // The decoder takes zeros for pixels: a download that stopped in a file of the right size would pass.
      if (!hasEnd(bytes, next)) throw truncated(where, 'premature end of JPEG image');
      return { isOdd };
    }
    at = next;
  }
}

/** Looked for from behind: nearly always the last two bytes. */
function hasEnd(bytes: Uint8Array, from: number): boolean {
  for (let i = bytes.length - 2; i >= from; i--) if (bytes[i] === 0xff && bytes[i + 1] === EOI) return true;
  return false;
}
