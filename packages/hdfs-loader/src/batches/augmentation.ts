/** Changes to training images as they are put into a batch. */
import { LoaderError } from '../errors.js';
import type { Values } from '../samples.js';
import { keyedStream, type Uint32Stream, uniformBelow } from './xoshiro.js';

/** Shape of an image, row-major. */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * Changes one image in place, as its random stream says.
 *
 * @param pixels height × width × channels, as bytes or as real numbers
 * @param random uniform 32-bit integers, of this image in this epoch alone
 */
export type Augmentation = (pixels: Values, shape: ImageShape, random: Uint32Stream) => void;

/** Mirrors every other image, by chance, left to right. */
export const flip: Augmentation = (pixels, { height, width, channels }, random) => {
  if (uniformBelow(2, random) === 0) return;
  for (let y = 0; y < height; y++) {
    let left = y * width * channels;
    let right = left + (width - 1) * channels;
    for (; left < right; left += channels, right -= channels) {
      for (let c = 0; c < channels; c++) {
        const held = pixels[left + c]!;
        pixels[left + c] = pixels[right + c]!;
        pixels[right + c] = held;
      }
    }
  }
};

/**
 * Moves an image by −most … most pixels in both directions; what comes in from outside is 0.
 *
 * @param most pixels, 1 or more
 * @throws LoaderError INVALID_ARGUMENT
 * @example const augment = [flip, shift(2)];
 */
export function shift(most: number): Augmentation {
  if (!Number.isSafeInteger(most) || most < 1) {
    throw new LoaderError('INVALID_ARGUMENT', `shift: expected a whole number of pixels, 1 or more, got ${most}`);
  }
  return (pixels, { height, width, channels }, random) => {
    const dx = uniformBelow(2 * most + 1, random) - most;
    const dy = uniformBelow(2 * most + 1, random) - most;
    const row = width * channels;
    const kept = Math.max(0, width - Math.abs(dx)) * channels;
    const [from, to] = [Math.max(0, -dx) * channels, Math.max(0, dx) * channels];
    // A row is read before it is written over: downwards from the last one, upwards from the first.
    for (let i = 0; i < height; i++) {
      const y = dy > 0 ? height - 1 - i : i;
      const start = y * row;
      const source = y - dy;
      if (source < 0 || source >= height || kept === 0) {
        pixels.fill(0, start, start + row);
        continue;
      }
      pixels.copyWithin(start + to, source * row + from, source * row + from + kept);
      pixels.fill(0, start, start + to);
      pixels.fill(0, start + to + kept, start + row);
    }
  };
}

/**
 * Reads a list of augmentations.
 *
 * @param text names, with a comma between them: `flip`, `shift=N`
 * @throws LoaderError INVALID_ARGUMENT
 * @example parseAugmentations('flip,shift=2')
 */
export function parseAugmentations(text: string): readonly Augmentation[] {
  return text.split(',').map((word) => {
    const name = word.trim();
    if (name === 'flip') return flip;
    const most = /^shift=(\d{1,4})$/.exec(name)?.[1];
    if (most !== undefined && Number(most) > 0) return shift(Number(most));
    throw new LoaderError('INVALID_ARGUMENT', `expected flip or shift=N, got ${JSON.stringify(name)}`);
  });
}

/** @throws LoaderError INVALID_ARGUMENT unless samples are images, [height, width, channels] */
export function imageShape(inputShape: readonly number[]): ImageShape {
  const [height, width, channels] = inputShape;
  if (inputShape.length === 3) return { height: height!, width: width!, channels: channels! };
  const message = `expected images [height, width, channels], got samples of shape [${inputShape.join(', ')}]`;
  throw new LoaderError('INVALID_ARGUMENT', message);
}

/** No order of samples has four keys: what is drawn here has nothing to do with the order. */
const AUGMENT_KEY = 1;

/**
 * Applies augmentations to the images of a batch, in place. What becomes of an image depends on seed, epoch and its position in
 * the epoch's order alone, so that it is the same whatever the number of workers.
 *
 * @param inputs the batch's images, one after the other
 * @param of.start position of the first
 */
export function augmentBatch(
  inputs: Values,
  augment: readonly Augmentation[],
  of: { readonly shape: ImageShape; readonly seed: number; readonly epoch: number; readonly start: number },
): void {
  const { shape, seed, epoch, start } = of;
  const values = shape.height * shape.width * shape.channels;
  for (let at = 0, position = start; at < inputs.length; at += values, position++) {
    const random = keyedStream([seed, epoch, position, AUGMENT_KEY]);
    const pixels = inputs.subarray(at, at + values);
    for (const change of augment) change(pixels, shape, random);
  }
}
