import { viewOf } from './image-header.js';

// APP1 = "Exif" 0 0 TIFF
// TIFF = order:2 bytes 42:u16 first:u32 …        directory = count:u16 { tag:u16 type:u16 count:u32 value:u16 … }
const EXIF = 0x45_78_69_66;
const [LITTLE, BIG, ORIENTATION, SHORT] = [0x4949, 0x4d4d, 0x0112, 3];

/**
 * Whether a camera may have been held on its side, by the first directory of a JPEG's EXIF. What cannot be read counts as turned: the
 * decoder that understands EXIF is to look at it.
 *
 * @param segment an APP1 segment without marker and length
 */
export function mayBeTurned(segment: Uint8Array): boolean {
  if (segment.length < 6) return false;
  const view = viewOf(segment);
  if (view.getUint32(0) !== EXIF) return false;
  if (segment.length < 14) return true;
  const order = view.getUint16(6);
  if (order !== LITTLE && order !== BIG) return true;
  const isLittle = order === LITTLE;
  const at = 6 + view.getUint32(10, isLittle);
  if (at + 2 > segment.length) return true;
  const end = at + 2 + 12 * view.getUint16(at, isLittle);
  if (end > segment.length) return true;
  for (let entry = at + 2; entry < end; entry += 12) {
    if (view.getUint16(entry, isLittle) !== ORIENTATION) continue;
    return view.getUint16(entry + 2, isLittle) !== SHORT || view.getUint16(entry + 8, isLittle) !== 1;
  }
  return false;
}
