import type { Sharp, SharpOptions } from 'sharp';
import { LoaderError } from '../errors.js';
import { BadImageError, type OnBadImage } from './bad-images.js';
import { imageFormat, MAX_PIXELS, requireAvif, requireGif, requirePng, requireWebp } from './image-header.js';
import { requireJpeg } from './jpeg-header.js';
import { loadSharp } from './sharp.js';
import { requireTiff } from './tiff-header.js';

const INPUT = { failOn: 'error', limitInputPixels: MAX_PIXELS, sequentialRead: true } as const satisfies SharpOptions;
/** libjpeg only warns of damaged data; libpng warns of harmless profiles. */
const JPEG_INPUT = { ...INPUT, failOn: 'warning' } as const satisfies SharpOptions;
const MAX_SIDE = 16_384;

/** How images are read. */
export interface ImageOptions {
  /** Images are scaled to cover it and cut at the centre. Default: the size of the first image, which all must have. */
  readonly imageSize?: { readonly height: number; readonly width: number } | undefined;
  /** 3: sRGB; 1: luminance. Default: as the first image. */
  readonly channels?: 1 | 3 | undefined;
  /**
   * What is done with files that are corrupt, truncated, empty, no image, CMYK, animated or above 100 megapixels. Default `stop`: the first one ends the work, by name.
   * `skip` leaves them out, of folders and DeepFashion, and counts them.
   */
  readonly onBadImage?: OnBadImage | undefined;
}

/** What every image is made. */
export interface ImageForm {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /** The file that decided the size; null when the user did. */
  readonly decidedBy: string | null;
}

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
 * @throws BadImageError naming the file
 */
export async function imageForm(bytes: Uint8Array, where: string, options: ImageOptions): Promise<ImageForm> {
  await requireTaken(bytes, where);
  const sharp = await loadSharp();
  const { autoOrient, space } = await decoded(where, () => sharp(bytes, INPUT).metadata());
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
 * The pixels of an image, row-major, as bytes: turned as its EXIF says, transparency on white, 16 bits as 8-bit sRGB.
 *
 * @param where the file, for messages
 * @returns height × width × channels values
 * @throws BadImageError naming the file, when it is empty, no image, damaged, CMYK, animated or too large; LoaderError
 *   INVALID_SOURCE when it is of another size
 */
export async function decodeImage(bytes: Uint8Array, where: string, form: ImageForm): Promise<Uint8Array> {
  const input = await requireTaken(bytes, where);
  const { height, width, channels, decidedBy } = form;
  const sharp = await loadSharp();
  const image = toForm(sharp(bytes, input), form);
  const { data, info } = await decoded(where, () => image.toBuffer({ resolveWithObject: true }));
  if (info.width !== width || info.height !== height || info.channels !== channels) {
    const size = (h: number, w: number, c: number): string => `${h} × ${w} × ${c}`;
    const message = `${where}: expected ${size(height, width, channels)} like ${decidedBy}, got ${size(info.height, info.width, info.channels)}: --image-size makes all alike`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  return data;
}

function toForm(image: Sharp, { height, width, channels, decidedBy }: ImageForm): Sharp {
  image.autoOrient().flatten({ background: 'white' });
  if (decidedBy === null) image.resize(width, height, { fit: 'cover', position: 'centre' });
  return image.toColourspace(channels === 1 ? 'b-w' : 'srgb').raw();
}

/**
 * Looks at the header, before any pixel is made.
 *
 * @returns how the decoder is to take it
 * @throws BadImageError
 */
async function requireTaken(bytes: Uint8Array, where: string): Promise<SharpOptions> {
  switch (imageFormat(bytes, where)) {
    case 'JPEG':
      return requireJpeg(bytes, where).isOdd ? INPUT : JPEG_INPUT;
    case 'PNG':
      requirePng(bytes, where);
      return INPUT;
    case 'WebP':
      requireWebp(bytes, where);
      return INPUT;
    case 'GIF':
      requireGif(bytes, where);
      return INPUT;
    case 'TIFF':
      requireTiff(bytes, where);
      return INPUT;
    case 'AVIF':
      requireAvif(bytes, where);
      return INPUT;
  }
}

/**
 * Says of a failure that it is this file's. Only headers tell reasons apart: libvips keeps its messages in one place for all images that
 * are decoded at a time, so a message may hold lines of another one's.
 */
async function decoded<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { message } = cause as Error;
    // Said by sharp itself, of this image.
    if (/pixel limit/.test(message)) throw new BadImageError('too-large', `${where}: ${message}`, { cause });
    // libheif tells of every seek before what matters.
    const lines = message.split('\n').map((line) => line.trim());
    const line = lines.find((each) => each !== '' && !/bad seek/.test(each)) ?? 'it is damaged';
    throw new BadImageError('corrupt', `${where}: cannot decode the image: ${line}`, { cause });
  }
}
