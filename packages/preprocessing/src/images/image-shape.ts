import { PreprocessingError } from '../errors.js';
import { featuresOf, shapeText } from '../shape.js';

/** Sides in pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** An image of one row: pixels row by row, the channels of a pixel side by side. */
export interface ImageShape extends ImageSize {
  readonly channels: number;
}

const MAX_SIDE = 16_384;

/**
 * A sample's shape as that of an image of 1 (gray) or 3 (red, green, blue) channels.
 *
 * @throws PreprocessingError SHAPE_MISMATCH
 * @example imageShape([128, 128, 3]) // { height: 128, width: 128, channels: 3 }
 */
export function imageShape(shape: readonly number[]): ImageShape {
  const [height, width, channels] = shape;
  if (shape.length === 3 && (channels === 1 || channels === 3)) {
    featuresOf(shape);
    return { height: height!, width: width!, channels };
  }
  const message = `expected images of height x width x channels, 1 or 3 channels, got ${shapeText(shape)}`;
  throw new PreprocessingError('SHAPE_MISMATCH', message);
}

/** Throws INVALID_ARGUMENT unless both sides are of 1 to 16384 pixels. */
export function assertSize({ height, width }: ImageSize): void {
  for (const side of [height, width]) {
    if (Number.isSafeInteger(side) && side >= 1 && side <= MAX_SIDE) continue;
    throw new PreprocessingError('INVALID_ARGUMENT', `expected sides of 1 to ${MAX_SIDE} pixels, got ${side}`);
  }
}

/** Throws SHAPE_MISMATCH unless a step made for images of one shape is given them. */
export function assertSameShape(expected: readonly number[], got: readonly number[]): void {
  if (expected.length === got.length && expected.every((side, i) => side === got[i])) return;
  const message = `expected images of ${shapeText(expected)}, got ${shapeText(got)}`;
  throw new PreprocessingError('SHAPE_MISMATCH', message);
}
