import { decodeJpegs, hasJpeg } from '@weft/native';
import type { Sharp, SharpOptions } from 'sharp';
import { LoaderError } from '../errors.js';
import { BadImageError, type OnBadImage } from './bad-images.js';
import { imageFormat, MAX_PIXELS, requireAvif, requireGif, requirePng, requireWebp } from './image-header.js';
import { type JpegHeader, requireJpeg } from './jpeg-header.js';
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
  /** 3: sRGB; 1: luma by Rec. 601. Default: as the first image. */
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
  const { jpeg } = requireTaken(bytes, where);
  const { height, width, isGray } = jpeg?.isPlain
    ? { ...jpeg, isGray: jpeg.components === 1 }
    : await asked(bytes, where);
  return {
    ...(options.imageSize ?? { height, width }),
    channels: options.channels ?? (isGray ? 1 : 3),
    decidedBy: options.imageSize === undefined ? where : null,
  };
}

async function asked(
  bytes: Uint8Array,
  where: string,
): Promise<{ readonly height: number; readonly width: number; readonly isGray: boolean }> {
  const sharp = await loadSharp();
  const { autoOrient, space } = await decoded(where, () => sharp(bytes, INPUT).metadata());
  return { ...autoOrient, isGray: space === 'b-w' || space === 'grey16' };
}

/** An image's file. */
export interface EncodedImage {
  readonly bytes: Uint8Array;
  /** The file, for messages. */
  readonly where: string;
}

/** What decodes plain JPEGs here: the addon's libjpeg, whose pixels may differ from sharp's by a level or two where they are scaled. */
export const jpegDecoder = (): 'addon' | 'sharp' => (hasJpeg().ok ? 'addon' : 'sharp');

/**
 * The pixels of an image, row-major, as bytes: turned as its EXIF says, transparency on white, 16 bits as 8-bit sRGB.
 *
 * @param where the file, for messages
 * @returns height × width × channels values
 * @throws BadImageError naming the file, when it is empty, no image, damaged, CMYK, animated or too large; LoaderError
 *   INVALID_SOURCE when it is of another size
 */
export async function decodeImage(bytes: Uint8Array, where: string, form: ImageForm): Promise<Uint8Array> {
  const out = new Uint8Array(form.height * form.width * form.channels);
  const [problem] = await decodeImages([{ bytes, where }], form, out);
  if (problem) throw problem;
  return out;
}

/**
 * As decodeImage, of many: plain JPEGs in one call of the addon, the others one after the other by sharp.
 *
 * @param images null: none, its place stays as it is
 * @param out images.length × height × width × channels values, one image behind the other
 * @returns what is wrong with each image
 */
export async function decodeImages(
  images: readonly (EncodedImage | null)[],
  form: ImageForm,
  out: Uint8Array,
): Promise<(Error | null)[]> {
  const features = form.height * form.width * form.channels;
  const place = (i: number): Uint8Array => out.subarray(i * features, (i + 1) * features);
  const problems: (Error | null)[] = images.map(() => null);
  const plain: number[] = [];
  for (const [i, image] of images.entries()) {
    if (!image) continue;
    const { bytes, where } = image;
    try {
      const { jpeg, input } = requireTaken(bytes, where);
      if (jpeg && isForAddon(jpeg, form)) plain.push(i);
      else place(i).set(await decodeBySharp(image, input, form));
    } catch (error) {
      problems[i] = error as Error;
    }
  }
  await Promise.all(
    runsOf(plain).map(async ([first, end]) => {
      const run = images.slice(first, end) as EncodedImage[];
      const { height, width, channels } = form;
      const lines = await decodeJpegs(
        run.map(({ bytes }) => bytes),
        out.subarray(first * features, end * features),
        { height, width, channels },
      );
      for (const [i, line] of lines.entries())
        if (line !== null)
          problems[first + i] = new BadImageError('corrupt', `${run[i]!.where}: cannot decode the image: ${line}`);
    }),
  );
  return problems;
}

/** Neighbours of a rising list, as [first, end). */
function runsOf(indexes: readonly number[]): [first: number, end: number][] {
  const runs: [number, number][] = [];
  for (const index of indexes) {
    const last = runs.at(-1);
    if (last?.[1] === index) last[1] += 1;
    else runs.push([index, index + 1]);
  }
  return runs;
}

/** The addon makes pictures smaller; sharp makes them larger, too, and says what is wrong with their size. */
function isForAddon({ isPlain, height, width }: JpegHeader, form: ImageForm): boolean {
  if (!isPlain || jpegDecoder() !== 'addon') return false;
  if (form.decidedBy !== null) return height === form.height && width === form.width;
  return height >= form.height && width >= form.width;
}

async function decodeBySharp(
  { bytes, where }: EncodedImage,
  input: SharpOptions,
  form: ImageForm,
): Promise<Uint8Array> {
  const { height, width, channels, decidedBy } = form;
  const sharp = await loadSharp();
  const image = toForm(sharp(bytes, input), form);
  const { data, info } = await decoded(where, () => image.toBuffer({ resolveWithObject: true }));
  if (info.width !== width || info.height !== height) {
    const size = (h: number, w: number): string => `${h} × ${w} × ${channels}`;
    const message = `${where}: expected ${size(height, width)} like ${decidedBy}, got ${size(info.height, info.width)}: --image-size makes all alike`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  return channels === 1 ? luma(data, info.channels) : data;
}

// Y = 0.299 R + 0.587 G + 0.114 B (Rec. 601), in 16 bits behind the point, as libjpeg has it
function luma(pixels: Uint8Array, channels: number): Uint8Array {
  if (channels === 1) return pixels;
  const y = new Uint8Array(pixels.length / channels);
  for (let i = 0, at = 0; i < y.length; i++, at += channels)
    y[i] = (19_595 * pixels[at]! + 38_470 * pixels[at + 1]! + 7_471 * pixels[at + 2]! + 32_768) >> 16;
  return y;
}

function toForm(image: Sharp, { height, width, decidedBy }: ImageForm): Sharp {
  image.autoOrient().flatten({ background: 'white' });
  if (decidedBy === null) image.resize(width, height, { fit: 'cover', position: 'centre' });
  return image.toColourspace('srgb').raw();
}

/**
 * Looks at the header, before any pixel is made.
 *
 * @returns how sharp is to take it, and what a JPEG's header says
 * @throws BadImageError
 */
function requireTaken(bytes: Uint8Array, where: string): { readonly input: SharpOptions; readonly jpeg?: JpegHeader } {
  switch (imageFormat(bytes, where)) {
    case 'JPEG': {
      const jpeg = requireJpeg(bytes, where);
      return { input: jpeg.isOdd ? INPUT : JPEG_INPUT, jpeg };
    }
    case 'PNG':
      requirePng(bytes, where);
      break;
    case 'WebP':
      requireWebp(bytes, where);
      break;
    case 'GIF':
      requireGif(bytes, where);
      break;
    case 'TIFF':
      requireTiff(bytes, where);
      break;
    case 'AVIF':
      requireAvif(bytes, where);
      break;
  }
  return { input: INPUT };
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
