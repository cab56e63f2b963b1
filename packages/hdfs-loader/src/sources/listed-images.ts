import type { Hash } from 'node:crypto';
import { LoaderError } from '../errors.js';
import type { Samples } from '../samples.js';
import { readWhole } from '../storage/read-whole.js';
import type { Storage } from '../storage/storage.js';
import { decodeImage, type ImageForm, type ImageOptions, imageForm, requireImageOptions } from './image-decoder.js';
import { inOrder } from './in-order.js';
import type { OpenSource, SubsetName } from './source.js';

/** One image of a list. */
export interface ListedImage {
  readonly path: string;
  readonly label: number;
  /** Bytes of the file, where the listing told them. */
  readonly length?: number;
}

/** A list of images, and what is to be said of it. */
export interface ImageList extends Pick<OpenSource, 'name' | 'split' | 'note' | 'labelNames'> {
  readonly subsets: Readonly<Record<SubsetName, readonly ListedImage[]>>;
  /** Has taken in whatever decides the list; takes in what decides the pixels. */
  readonly hash: Hash;
}

/** Files that are read, decoded or waiting for their turn: enough for all cores and a storage's round trip. */
const IN_FLIGHT = 8;
const BATCH_BYTES = 1 << 20;

/**
 * Image files as a source, in the order of their list.
 *
 * @throws LoaderError INVALID_SOURCE, INVALID_ARGUMENT, and what the storage throws
 */
export async function openImages(
  storage: Storage,
  list: ImageList,
  options: ImageOptions & { signal?: AbortSignal | undefined },
): Promise<OpenSource> {
  requireImageOptions(options);
  const { subsets, hash, ...described } = list;
  const first = subsets.train[0];
  if (!first) throw new LoaderError('INVALID_SOURCE', `${list.name}: expected at least one training image, got none`);
  const form = await imageForm(await bytesOf(storage, first, options.signal), first.path, options);
  const { height, width, channels, decidedBy } = form;
  hash.update(JSON.stringify(['images 1', height, width, channels, decidedBy === null]));
  return {
    ...described,
    inputShape: [height, width, channels],
    fingerprint: hash.digest('hex'),
    samples: (subset) => subsets[subset].length,
    read: (subset, { start = 0, signal } = {}) => read(storage, subsets[subset].slice(start), { form, signal }),
    remarks: () => Promise.resolve([]),
  };
}

async function* read(
  storage: Storage,
  images: readonly ListedImage[],
  { form, signal }: { form: ImageForm; signal: AbortSignal | undefined },
): AsyncGenerator<Samples> {
  const features = form.height * form.width * form.channels;
  const most = Math.min(images.length, Math.max(1, Math.floor(BATCH_BYTES / features)));
  const inputs = new Uint8Array(most * features);
  const labels = new Uint16Array(most);
  const batch = (count: number): Samples => ({
    inputs: inputs.subarray(0, count * features),
    labels: labels.subarray(0, count),
    count,
    features,
  });
  let count = 0;
  let row = 0;
  const decoded = inOrder(images, IN_FLIGHT, async (image) => {
    signal?.throwIfAborted();
    // The one place where a file is refused: what is to be skipped is to be skipped here.
    return decodeImage(await bytesOf(storage, image, signal), image.path, form);
  });
  for await (const pixels of decoded) {
    inputs.set(pixels, count * features);
    labels[count++] = images[row++]!.label;
    if (count < most) continue;
    yield batch(count);
    count = 0;
  }
  if (count > 0) yield batch(count);
}

function bytesOf(storage: Storage, { path, length }: ListedImage, signal: AbortSignal | undefined): Promise<Buffer> {
  return readWhole(storage, path, { signal, ...(length !== undefined && { length }) });
}
