import { LoaderError } from '../errors.js';
import { locationIn } from '../storage/location.js';
import { readWhole } from '../storage/read-whole.js';
import type { CallOptions, Storage } from '../storage/storage.js';
import { decodeImage } from './image-decoder.js';

/**
 * One image file as ingest makes it a sample: decoded, scaled to cover the shape and cut at the centre.
 *
 * @param from what openStorage gives for the file
 * @param inputShape [height, width, 1 or 3] of the samples
 * @returns height × width × channels values
 * @throws LoaderError INVALID_SOURCE, naming the file, when it is no image, or damaged; INVALID_ARGUMENT for samples that are no images; and what the storage throws
 * @example const pixels = await readPhotograph(openStorage('me.jpg'), [128, 128, 3]);
 */
export async function readPhotograph(
  from: { readonly storage: Storage; readonly path: string },
  inputShape: readonly number[],
  options: CallOptions = {},
): Promise<Uint8Array> {
  const [height = 0, width = 0, channels] = inputShape;
  if (inputShape.length !== 3 || (channels !== 1 && channels !== 3)) {
    const message = `expected samples of height × width × 1 or 3 to make of a photograph, got ${inputShape.join(' × ')}`;
    throw new LoaderError('INVALID_ARGUMENT', message);
  }
  const { storage, path } = from;
  const bytes = await readWhole(storage, path, options);
  return decodeImage(bytes, locationIn(storage, path), { height, width, channels, decidedBy: null });
}
