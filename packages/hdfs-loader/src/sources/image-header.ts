import { BadImageError } from './bad-images.js';

/** Pixels of a file's image at most: 100 megapixels. A small damaged or hostile file must not take all memory. */
export const MAX_PIXELS = 100_000_000;

// The first bytes of what is read. SVG, which libvips reads too, is a program more than an image.
const SIGNATURES = [
  ['JPEG', 0, [0xff, 0xd8, 0xff]],
  ['PNG', 0, [0x89, 0x50, 0x4e, 0x47]],
  ['WebP', 8, [0x57, 0x45, 0x42, 0x50]],
  ['GIF', 0, [0x47, 0x49, 0x46, 0x38]],
  ['TIFF', 0, [0x49, 0x49, 0x2a, 0x00]],
  ['TIFF', 0, [0x4d, 0x4d, 0x00, 0x2a]],
  ['AVIF', 4, [0x66, 0x74, 0x79, 0x70]],
] as const satisfies readonly (readonly [format: string, offset: number, bytes: readonly number[]])[];

export type ImageFormat = (typeof SIGNATURES)[number][0];

/**
 * What a file is, by its first bytes.
 *
 * @param where the file, for messages
 * @throws BadImageError empty, not-an-image
 */
export function imageFormat(bytes: Uint8Array, where: string): ImageFormat {
  for (const [format, offset, signature] of SIGNATURES)
    if (signature.every((byte, i) => bytes[offset + i] === byte)) return format;
  const formats = [...new Set(SIGNATURES.map(([format]) => format))].join(', ');
  if (bytes.length === 0)
    throw new BadImageError('empty', `${where}: expected an image (${formats}), got an empty file`);
  const got = Buffer.from(bytes.subarray(0, 8)).toString('hex');
  throw new BadImageError('not-an-image', `${where}: expected an image (${formats}), got bytes ${got} …`);
}

/** @throws BadImageError too-large */
export function requirePixels(width: number, height: number, where: string): void {
  if (width * height <= MAX_PIXELS) return;
  const message = `${where}: expected at most ${MAX_PIXELS} pixels, got ${width} × ${height}, beyond the pixel limit`;
  throw new BadImageError('too-large', message);
}

/** @throws BadImageError cmyk */
export function requireNoInk(isInk: boolean, where: string): void {
  if (isInk) throw new BadImageError('cmyk', `${where}: expected gray or RGB, got CMYK`);
}

/** @throws BadImageError animated */
export function requireOneFrame(frames: number, where: string): void {
  if (frames > 1) throw new BadImageError('animated', `${where}: expected one image, got ${frames} frames`);
}

/** What ends where more is to come. */
export const truncated = (where: string, what: string): BadImageError =>
  new BadImageError('truncated', `${where}: cannot decode the image: ${what}`);

/** Of bytes, in place. */
export const viewOf = ({ buffer, byteOffset, length }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, length);

// PNG   = signature { chunk }
// chunk = length:u32 type:4 bytes crc:u32        IHDR: width:u32 height:u32 …; acTL: frames:u32 …
/** @throws BadImageError truncated, too-large, animated */
export function requirePng(bytes: Uint8Array, where: string): void {
  const view = viewOf(bytes);
  for (let at = 8; ; ) {
    if (at + 12 > bytes.length) throw truncated(where, 'it ends before its last chunk');
    const [length, type] = [view.getUint32(at), view.getUint32(at + 4)];
    if (at + 12 + length > bytes.length) throw truncated(where, 'it ends within a chunk');
    if (type === 0x49_48_44_52 && length >= 8) requirePixels(view.getUint32(at + 8), view.getUint32(at + 12), where);
    if (type === 0x61_63_54_4c && length >= 4) requireOneFrame(view.getUint32(at + 8), where);
    if (type === 0x49_45_4e_44) return;
    at += 12 + length;
  }
}

// WebP = "RIFF" length:u32le "WEBP" { chunk }        VP8X: flags:u8, its bit 1: animation
/** @throws BadImageError truncated, animated */
export function requireWebp(bytes: Uint8Array, where: string): void {
  if (bytes.length < 21) throw truncated(where, 'it ends within its header');
  const view = viewOf(bytes);
  if (view.getUint32(4, true) + 8 > bytes.length) throw truncated(where, 'it ends before its last chunk');
  if (view.getUint32(12) !== 0x56_50_38_58 || (bytes[20]! & 2) === 0) return;
  throw new BadImageError('animated', `${where}: expected one image, got an animation`);
}

// GIF   = "GIF89a" width:u16le height:u16le flags:u8 u8 u8 [table] { 0x21 u8 blocks | 0x2c 8 bytes flags:u8 [table] u8 blocks } 0x3b
// blocks = { length:u8 bytes } 0        table: 3 · 2^(1 + flags & 7) bytes, where the highest bit of flags is set
/** @throws BadImageError truncated, too-large, animated */
export function requireGif(bytes: Uint8Array, where: string): void {
  const table = (flags = 0): number => ((flags & 0x80) === 0 ? 0 : 3 << (1 + (flags & 7)));
  if (bytes.length < 13) throw truncated(where, 'it ends within its header');
  const view = viewOf(bytes);
  requirePixels(view.getUint16(6, true), view.getUint16(8, true), where);
  let frames = 0;
  let at = 13 + table(bytes[10]);
  while (bytes[at] !== 0x3b) {
    if (bytes[at] === 0x21) at += 2;
    else if (bytes[at] === 0x2c) {
      frames += 1;
      at += 11 + table(bytes[at + 9]);
    } else if (at >= bytes.length) break;
    // Damage: the decoder's to tell of.
    else return;
    while (at < bytes.length && bytes[at] !== 0) at += 1 + bytes[at]!;
    at += 1;
  }
  // Some end with the last block, without the mark: nothing is missing.
  if (at > bytes.length || frames === 0) throw truncated(where, 'it ends before its end mark');
  requireOneFrame(frames, where);
}

// AVIF = { length:u32 type:4 bytes }        length 0: to the end; 1: a u64 behind the type says
/** @throws BadImageError truncated, animated */
export function requireAvif(bytes: Uint8Array, where: string): void {
  const view = viewOf(bytes);
  for (let at = 0; at < bytes.length; ) {
    if (at + 16 > bytes.length) throw truncated(where, 'it ends within the header of a box');
    const short = view.getUint32(at);
    const length = short === 1 ? Number(view.getBigUint64(at + 8)) : short;
    if (at === 0 && view.getUint32(8) === 0x61_76_69_73)
      throw new BadImageError('animated', `${where}: expected one image, got a sequence`);
    // To the end; or damage, which is the decoder's to tell of.
    if (length < 8) return;
    at += length;
    if (at > bytes.length) throw truncated(where, 'it ends within a box');
  }
}
