import type { Hash } from 'node:crypto';
import { LoaderError } from '../errors.js';
import { readWhole } from '../storage/read-whole.js';
import type { Storage } from '../storage/storage.js';
import { BadImageError, type LeftOut, type OnBadImage, withAdvice } from './bad-images.js';
import {
  decodeImage,
  decodeImages,
  type EncodedImage,
  type ImageForm,
  type ImageOptions,
  imageForm,
  jpegDecoder,
  requireImageOptions,
} from './image-decoder.js';
import { inOrder } from './in-order.js';
import type { OpenSource, SourceBatch, SourceReadOptions, SubsetName } from './source.js';

/** One image of a list. */
export interface ListedImage {
  readonly path: string;
  readonly label: number;
  /** Bytes of the file, where the listing told them. */
  readonly length?: number;
}

/** A list of images, and what is to be said of it. */
export interface ImageList extends Pick<OpenSource, 'name' | 'split' | 'note' | 'labelNames'> {
  /** The folder that files are named within, in reports. */
  readonly dir: string;
  readonly subsets: Readonly<Record<SubsetName, readonly ListedImage[]>>;
  /** What the listing has left out already. Default: nothing. */
  readonly leftOut?: readonly LeftOut[];
  /** Has taken in whatever decides the list; takes in what decides the pixels. */
  readonly hash: Hash;
}

/** Groups that are read, decoded or waiting for their turn: enough for all cores and a storage's round trip. */
const IN_FLIGHT = 4;
/** Files of a group at most: turns of the event loop are paid once for all. */
const GROUP_FILES = 16;
/** Where each file is a request of its own: as many of them at a time as a NameNode is to be asked by one reader. */
const REMOTE_GROUP_FILES = 2;
const BATCH_BYTES = 1 << 20;

type Options = ImageOptions & { signal?: AbortSignal | undefined };

/**
 * Image files as a source, in the order of their list.
 *
 * @throws LoaderError INVALID_SOURCE, INVALID_ARGUMENT, and what the storage throws
 */
export async function openImages(storage: Storage, list: ImageList, options: Options): Promise<OpenSource> {
  requireImageOptions(options);
  const { subsets, hash, dir, leftOut = [], ...described } = list;
  const { onBadImage = 'stop' } = options;
  const form = await formOf(storage, list, options);
  const { height, width, channels, decidedBy } = form;
  hash.update(JSON.stringify(['images 3', jpegDecoder(), height, width, channels, decidedBy === null, onBadImage]));
  return {
    ...described,
    inputShape: [height, width, channels],
    fingerprint: hash.digest('hex'),
    leftOut,
    samples: (subset) => subsets[subset].length,
    read: (subset, o = {}) => read({ storage, dir, subset, images: subsets[subset], form, onBadImage }, o),
    remarks: () => Promise.resolve([]),
  };
}

/** Decided by the first training image that is good. */
async function formOf(storage: Storage, { name, subsets }: ImageList, options: Options): Promise<ImageForm> {
  const { train } = subsets;
  for (const image of train) {
    options.signal?.throwIfAborted();
    try {
      const bytes = await bytesOf(storage, image, options.signal);
      const form = await imageForm(bytes, image.path, options);
      // A damaged one must not decide for all.
      await decodeImage(bytes, image.path, form);
      return form;
    } catch (error) {
      if (!(error instanceof BadImageError)) throw error;
      if (options.onBadImage !== 'skip') throw withAdvice(error);
    }
  }
  const got = train.length === 0 ? 'none' : `${train.length} bad ones`;
  throw new LoaderError('INVALID_SOURCE', `${name}: expected at least one training image, got ${got}`);
}

interface Reading {
  readonly storage: Storage;
  readonly dir: string;
  readonly subset: SubsetName;
  readonly images: readonly ListedImage[];
  readonly form: ImageForm;
  readonly onBadImage: OnBadImage;
}

async function* read(
  { storage, dir, subset, images: all, form, onBadImage }: Reading,
  { start = 0, signal, onLeftOut }: SourceReadOptions,
): AsyncGenerator<SourceBatch> {
  const images = all.slice(start);
  const features = form.height * form.width * form.channels;
  const most = Math.min(images.length, Math.max(1, Math.floor(BATCH_BYTES / features)));
  const inputs = new Uint8Array(most * features);
  const labels = new Uint16Array(most);
  const rows = new Uint32Array(most);
  const batch = (count: number): SourceBatch => ({
    inputs: inputs.subarray(0, count * features),
    labels: labels.subarray(0, count),
    count,
    features,
    ...(onBadImage === 'skip' && { rows: rows.subarray(0, count) }),
  });
  const mostFiles = storage.readSmall ? GROUP_FILES : REMOTE_GROUP_FILES;
  const groupFiles = Math.max(1, Math.min(mostFiles, Math.floor(BATCH_BYTES / features)));
  const idle: GroupMemory[] = [];
  const groups = inOrder(groupsOf(images, groupFiles), IN_FLIGHT, (group) => {
    const memory = idle.pop() ?? { files: new Uint8Array(BATCH_BYTES), pixels: new Uint8Array(groupFiles * features) };
    return decodeGroup({ storage, group, form, memory, signal });
  });
  let count = 0;
  let row = start;
  for await (const { memory, problems } of groups) {
    for (const [i, problem] of problems.entries()) {
      const { path, label } = all[row]!;
      if (problem) {
        if (!(problem instanceof BadImageError)) throw problem;
        if (onBadImage === 'stop') throw withAdvice(problem);
        onLeftOut?.({ row, file: path.slice(dir.length + 1), subset, reason: problem.reason });
        row++;
        continue;
      }
      inputs.set(memory.pixels.subarray(i * features, (i + 1) * features), count * features);
      rows[count] = row++;
      labels[count++] = label;
      if (count < most) continue;
      yield batch(count);
      count = 0;
    }
    idle.push(memory);
  }
  if (count > 0) yield batch(count);
}

function* groupsOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

/** Used again and again: what is as large would be given back by the collector alone. */
interface GroupMemory {
  /** Of files as they are. */
  readonly files: Uint8Array;
  /** One image behind the other. */
  readonly pixels: Uint8Array;
}

interface Group {
  readonly storage: Storage;
  readonly group: readonly ListedImage[];
  readonly form: ImageForm;
  readonly memory: GroupMemory;
  readonly signal: AbortSignal | undefined;
}

/** @returns its memory, and what is wrong with each image */
async function decodeGroup({ storage, group, form, memory, signal }: Group): Promise<{
  readonly memory: GroupMemory;
  readonly problems: readonly (Error | null)[];
}> {
  signal?.throwIfAborted();
  const paths = group.map(({ path }) => path);
  const lengths = (await storage.readSmall?.(paths, memory.files, { signal })) ?? paths.map(() => -1);
  let end = 0;
  const read = await Promise.allSettled(
    group.map((image, i) => {
      const length = lengths[i]!;
      if (length >= 0) end += length;
      // One that has changed since it was listed is read alone, too, which says so.
      const isThere = length >= 0 && (image.length ?? length) === length;
      return isThere ? memory.files.subarray(end - length, end) : bytesOf(storage, image, signal);
    }),
  );
  const images = read.map((result, i): EncodedImage | null =>
    result.status === 'fulfilled' ? { bytes: result.value, where: group[i]!.path } : null,
  );
  const damaged = await decodeImages(images, form, memory.pixels);
  const problems = read.map((result, i) => (result.status === 'rejected' ? (result.reason as Error) : damaged[i]!));
  return { memory, problems };
}

async function bytesOf(
  storage: Storage,
  { path, length }: ListedImage,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  try {
    return await readWhole(storage, path, { signal, ...(length !== undefined && { length }) });
  } catch (cause) {
    // Only a file's size makes readWhole say so.
    if (!(cause instanceof LoaderError) || cause.code !== 'INVALID_SOURCE') throw cause;
    throw new BadImageError('too-large', cause.message, { cause });
  }
}
