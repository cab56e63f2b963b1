/** Samples as pictures in a page: PNG as data URIs. */
import sharp from 'sharp';

/** Height, width, and 1 or 3 channels. */
export type PictureShape = readonly [height: number, width: number, channels: 1 | 3];

/** The shape of a picture; null for what is none. @example pictureShape([28, 28, 1]) */
export function pictureShape(shape: readonly number[]): PictureShape | null {
  const [height = 0, width = 0, channels] = shape;
  const isPicture = shape.length === 3 && (channels === 1 || channels === 3) && height > 1 && width > 1;
  return isPicture ? [height, width, channels] : null;
}

/** Smallest and largest of some values. */
export function rangeOf(values: ArrayLike<number>): readonly [number, number] {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    min = Math.min(min, values[i]!);
    max = Math.max(max, values[i]!);
  }
  return [min, max];
}

/**
 * Makes a PNG of one sample: v ← 255 (v − min) / (max − min), cut to 0 … 255.
 *
 * @param range values that are black and white
 * @returns a data URI
 * @example <img src="${await pictureOf(row, [28, 28, 1], [0, 255])}">
 */
export async function pictureOf(
  values: ArrayLike<number>,
  [height, width, channels]: PictureShape,
  [min, max]: readonly [number, number],
): Promise<string> {
  const scale = max > min ? 255 / (max - min) : 0;
  // A clamped array rounds and cuts.
  const pixels = new Uint8ClampedArray(height * width * channels);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (values[i]! - min) * scale;
  const png = await sharp(pixels, { raw: { width, height, channels } }).png({ compressionLevel: 9 }).toBuffer();
  return `data:image/png;base64,${png.toString('base64')}`;
}
