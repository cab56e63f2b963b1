import { mayBeTurned } from './exif-turn.js';
import { requireNoInk, requirePixels, truncated, viewOf } from './image-header.js';

// JPEG    = SOI { segment } SOS scan { segment | scan } EOI
// segment = 0xff { 0xff } marker length:u16 bytes of length − 2
// SOF     : precision:u8 height:u16 width:u16 components:u8        SOS: components:u8 { u8 u8 } first:u8 last:u8 approximation:u8
const [SOS, EOI, APP0, APP1, APP2] = [0xda, 0xd9, 0xe0, 0xe1, 0xe2];
const [FIRST_SOF, LAST_SOF, LAST_SEQUENTIAL, PROGRESSIVE] = [0xc0, 0xcf, 0xc1, 0xc2];
/** In the range of the frame headers, but other tables: DHT, JPG, DAC. */
const NO_FRAME: ReadonlySet<number> = new Set([0xc4, 0xc8, 0xcc]);
const JFIF = 0x4a_46_49_46;

/** What the header of a JPEG says. */
export interface JpegHeader {
  /**
   * It is written as some cameras do, which costs no pixel but makes libjpeg warn as it does of damage: loose bytes between segments, the
   * last coefficient of a sequential scan not said, an unknown revision of JFIF.
   */
  readonly isOdd: boolean;
  /** Nothing but its pixels makes the picture: 8 bits, Huffman's code, gray or three colours, not turned, no colour profile or second picture. */
  readonly isPlain: boolean;
  readonly height: number;
  readonly width: number;
  readonly components: number;
}

/**
 * Looks at the segments before the first scan, and for the end.
 *
 * @param where the file, for messages
 * @throws BadImageError truncated, too-large, cmyk
 */
export function requireJpeg(bytes: Uint8Array, where: string): JpegHeader {
  const view = viewOf(bytes);
  let isOdd = false;
  let isPlain = true;
  let frames = 0;
  let [height, width, components] = [0, 0, 0];
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
      [height, width, components] = [view.getUint16(at + 5), view.getUint16(at + 7), bytes[at + 9]!];
      if (marker > PROGRESSIVE || bytes[at + 4] !== 8 || (components !== 1 && components !== 3)) isPlain = false;
      frames += 1;
    }
    // A colour profile, or the index of a second picture that lightens the first.
    if (marker === APP2) isPlain = false;
    if (marker === APP1 && isPlain) isPlain = !mayBeTurned(bytes.subarray(at + 4, next));
    if (marker === APP0 && next >= at + 10 && view.getUint32(at + 4) === JFIF && bytes[at + 9] !== 1) isOdd = true;
    if (marker === SOS) {
      const [first, last, approximation] = bytes.subarray(next - 3, next);
      if (isSequential && (first !== 0 || last !== 63 || approximation !== 0)) isOdd = true;
      // The decoder takes zeros for pixels: a download that stopped in a file of the right size would pass.
      if (!hasEnd(bytes, next)) throw truncated(where, 'premature end of JPEG image');
      isPlain &&= !isOdd && frames === 1 && height > 0 && width > 0;
      return { isOdd, isPlain, height, width, components };
    }
    at = next;
  }
}

/** Looked for from behind: nearly always the last two bytes. */
function hasEnd(bytes: Uint8Array, from: number): boolean {
  for (let i = bytes.length - 2; i >= from; i--) if (bytes[i] === 0xff && bytes[i + 1] === EOI) return true;
  return false;
}
