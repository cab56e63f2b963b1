import { LoaderError } from '../errors.js';
import { loadSharp } from './sharp.js';

/** Pixels of a file's image at most: 100 megapixels. A small damaged or hostile file must not take all memory. */
const MAX_PIXELS = 100_000_000;
const DEPTH = { failOn: 'error', limitInputPixels: MAX_PIXELS, sequentialRead: true } as const;
const MAX_SIDE = 16_384;

/** How images are read. */
export interface ImageOptions {
  /** Images are scaled to cover it and cut at the centre. Default: the size of the first image, which all must have. */
  readonly imageSize?: { readonly height: number; readonly width: number } | undefined;
  /** 3: sRGB; 1: luminance. Default: as the first image. */
  readonly channels?: 1 | 3 | undefined;
}

/** What every image is made. */
export interface ImageForm {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /** The file that decided the size; null when the user did. */
  readonly decidedBy: string | null;
}

// The first bytes of what is read. SVG, which libvips reads too, is a program more than an image.
const SIGNATURES: readonly (readonly [format: string, offset: number, bytes: readonly number[]])[] = [
  ['JPEG', 0, [0xff, 0xd8, 0xff]],
  ['PNG', 0, [0x89, 0x50, 0x4e, 0x47]],
  ['WebP', 8, [0x57, 0x45, 0x42, 0x50]],
  ['GIF', 0, [0x47, 0x49, 0x46, 0x38]],
  ['TIFF', 0, [0x49, 0x49, 0x2a, 0x00]],
  ['TIFF', 0, [0x4d, 0x4d, 0x00, 0x2a]],
  ['AVIF', 4, [0x66, 0x74, 0x79, 0x70]],
];

/** Names that are taken for images. */
export const isImageName = (name: string): boolean => /\.(?:jpe?g|png|webp|gif|tiff?|avif)$/i.test(name);

/** @throws LoaderError INVALID_ARGUMENT */
export function requireImageOptions({ imageSize, channels }: ImageOptions): void {
  for (const side of imageSize ? [imageSize.height, imageSize.width] : []) {
    if (Number.isSafeInteger(side) && side >= 1 && side <= MAX_SIDE) continue;
    throw new LoaderError('INVALID_ARGUMENT', `imageSize: expected sides of 1 to ${MAX_SIDE}, got ${side}`);
  }
  if (channels === undefined || channels === 1 || channels === 3) return;
  throw new LoaderError('INVALID_ARGUMENT', `channels: expected 1 or 3, got ${String(channels)}`);
}

/**
 * What all images become, decided by the first one where the options leave it open.
 *
 * @param where the first image's file
 * @throws LoaderError INVALID_SOURCE, naming the file
 */
export async function imageForm(bytes: Uint8Array, where: string, options: ImageOptions): Promise<ImageForm> {
  requireImage(bytes, where);
  const sharp = await loadSharp();
  const { autoOrient, space } = await decoded(where, () => sharp(bytes, DEPTH).metadata());
  const { height, width } = options.imageSize ?? autoOrient;
  const gray = space === 'b-w' || space === 'grey16';
  return {
    height,
    width,
    channels: options.channels ?? (gray ? 1 : 3),
    decidedBy: options.imageSize === undefined ? where : null,
  };
}

/**
 * The pixels of an image, row-major, as bytes: turned as its EXIF says, the first frame of several, transparency on white,
 * CMYK and 16 bits as 8-bit sRGB.
 *
 * @param where the file, for messages
 * @returns height × width × channels values
 * @throws LoaderError INVALID_SOURCE, naming the file, when it is empty, no image, damaged, or of another size
 */
export async function decodeImage(bytes: Uint8Array, where: string, form: ImageForm): Promise<Uint8Array> {
  requireImage(bytes, where);
  const { height, width, channels, decidedBy } = form;
  const sharp = await loadSharp();
  const image = sharp(bytes, DEPTH).autoOrient().flatten({ background: 'white' });
  if (decidedBy === null) image.resize(width, height, { fit: 'cover', position: 'centre' });
  image.toColourspace(channels === 1 ? 'b-w' : 'srgb').raw();
  const { data, info } = await decoded(where, () => image.toBuffer({ resolveWithObject: true }));
  if (info.width !== width || info.height !== height || info.channels !== channels) {
    const size = (h: number, w: number, c: number): string => `${h} × ${w} × ${c}`;
    const message = `${where}: expected ${size(height, width, channels)} like ${decidedBy}, got ${size(info.height, info.width, info.channels)}: --image-size makes all alike`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  return data;
}

function requireImage(bytes: Uint8Array, where: string): void {
  if (SIGNATURES.some(([, offset, signature]) => signature.every((byte, i) => bytes[offset + i] === byte))) return;
  const formats = [...new Set(SIGNATURES.map(([format]) => format))].join(', ');
  const got = bytes.length === 0 ? 'an empty file' : `bytes ${Buffer.from(bytes.subarray(0, 8)).toString('hex')} …`;
  throw new LoaderError('INVALID_SOURCE', `${where}: expected an image (${formats}), got ${got}`);
}

async function decoded<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const [line] = (cause as Error).message.split('\n', 1);
    throw new LoaderError('INVALID_SOURCE', `${where}: cannot decode the image: ${line}`, { cause });
  }
}
