import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { LoaderError } from '../errors.js';
import type { IngestProgress } from '../ingest/ingest.js';
import { acquireLock } from '../ingest/lock.js';
import { SYNTHETIC_FILE } from '../sources/deep-fashion.js';
import { inOrder } from '../sources/in-order.js';
import type { Progress, Source } from '../sources/source.js';
import { anyOf } from '../storage/abort-signals.js';
import { locationIn } from '../storage/location.js';
import type { CallOptions, Storage } from '../storage/storage.js';
import { annotations } from './annotations.js';
import { categories } from './categories.js';
import { DrawingThreads } from './drawing-threads.js';
import { readGarments } from './garments.js';
import type { Picture } from './picture.js';
import { type Partition, type PlannedPicture, planPictures } from './plan.js';

/** How `synthesizeDeepFashion` works. */
export interface SynthesizeOptions {
  /** Pictures in all, at least 92: 46 categories, each with one to train on and one to test with. */
  readonly images: number;
  /** The same seed and number give the same files. Default 1. */
  readonly seed?: number | undefined;
  /** Default: one for each core. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Takes reading the garments as their source tells of it. */
  readonly onSourceProgress?: ((progress: Progress) => void) | undefined;
  /** Takes the pictures that are written, and the bytes of their files. */
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined;
}

/** What was made. */
export interface SynthesizedDeepFashion {
  readonly images: number;
  readonly partitions: Readonly<Record<Partition, number>>;
  /** Categories with images, and images of the largest. */
  readonly categories: number;
  readonly largest: { readonly name: string; readonly images: number };
  /** Of all pictures. */
  readonly bytes: number;
  readonly seconds: number;
}

const DEFAULT_SEED = 1;
/** Pictures for each thread that are drawn, written or waiting for their turn. */
const IN_FLIGHT = 8;
/** How long what has failed may clean up: the storage may be what failed it. */
const CLEAN_UP_MS = 60_000;

/**
 * Makes a stand-in for DeepFashion (Category and Attribute Prediction), which may not be passed on: JPEGs of 128 × 128 × 3 in
 * its folders, with its lists. Of 50 categories 46 have images, as unevenly as there; each is made of one class of
 * Fashion-MNIST, cut, coloured and patterned. Training and validation pictures show training garments, test pictures
 * test garments. All of it is made under another name beside `path` and then renamed.
 *
 *   Anno/list_{category_cloth,category_img,bbox}.txt  Eval/list_eval_partition.txt  img/Boxy_Striped_Tee/img_00000001.jpg  SYNTHETIC.txt
 *
 * @param garments Fashion-MNIST, from wherever
 * @param destination what openStorage gives for the folder that is to be
 * @throws LoaderError DATASET_EXISTS, LOCKED, INVALID_ARGUMENT, and what reading the garments and writing throw
 * @example await synthesizeDeepFashion(npmFashionMnist(packageDir), openStorage('data/deep-fashion'), { images: 20_000 });
 */
export async function synthesizeDeepFashion(
  garments: Source,
  destination: { readonly storage: Storage; readonly path: string },
  options: SynthesizeOptions,
): Promise<SynthesizedDeepFashion> {
  const { storage, path } = destination;
  const { images, seed = DEFAULT_SEED, threads = availableParallelism() } = options;
  // So many writes listen to it at a time.
  const signal = options.signal && anyOf([options.signal]);
  for (const [name, value, least] of [['seed', seed, 0] as const, ['threads', threads, 1] as const]) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    const message = `${name}: expected a whole number of at least ${least}, got ${value}`;
    throw new LoaderError('INVALID_ARGUMENT', message);
  }
  const startedMs = performance.now();
  const pictures = planPictures(images, seed);
  await requireFree(storage, path, { signal });
  const staging = besides(path);
  const lock = await acquireLock(storage, staging, { signal });
  try {
    // What a process that was killed has left.
    await storage.delete(staging, { recursive: true, signal });
    const read = await readGarments(garments, { signal, onProgress: options.onSourceProgress });
    const drawing = new DrawingThreads({ garments: read, seed }, threads);
    const { boxes, bytes } = await draw(drawing, {
      pictures,
      storage,
      staging,
      limit: IN_FLIGHT * threads,
      signal,
      onProgress: options.onProgress,
    }).finally(() => drawing.close());
    const lists = annotations(pictures, boxes);
    for (const [name, text] of Object.entries({ ...lists, [SYNTHETIC_FILE]: about(images, seed) }))
      await storage.write(`${staging}/${name}`, Buffer.from(text), { signal });
    await lock.require({ signal });
    await requireFree(storage, path, { signal });
    await storage.delete(path);
    await storage.rename(staging, path);
    await lock.release();
    return { ...counted(pictures), bytes, seconds: (performance.now() - startedMs) / 1000 };
  } catch (error) {
    // Best effort: the first error is the one to tell.
    const soon = { signal: AbortSignal.timeout(CLEAN_UP_MS) };
    if (await lock.isMine(soon).catch(() => false))
      await storage.delete(staging, { recursive: true, ...soon }).catch(() => {});
    await lock.release(soon).catch(() => {});
    throw error;
  }
}

/** The name is always the same, so that the next call finds what one that was killed has left. */
function besides(path: string): string {
  const slash = path.lastIndexOf('/') + 1;
  const name = path.slice(slash);
  if (name === '') throw new LoaderError('INVALID_ARGUMENT', `${path}: expected the path of a new folder`);
  return `${path.slice(0, slash)}.${name}.synthesis`;
}

async function draw(
  drawing: DrawingThreads,
  o: {
    readonly pictures: readonly PlannedPicture[];
    readonly storage: Storage;
    readonly staging: string;
    readonly limit: number;
    readonly signal: AbortSignal | undefined;
    readonly onProgress: SynthesizeOptions['onProgress'];
  },
): Promise<{ boxes: Picture['box'][]; bytes: number }> {
  const { pictures, storage, staging, limit, signal, onProgress } = o;
  const boxes: Picture['box'][] = [];
  let bytes = 0;
  const drawn = inOrder(pictures, limit, async (picture) => {
    signal?.throwIfAborted();
    const { jpeg, box } = await drawing.draw(picture);
    const written = await storage.write(`${staging}/${picture.name}`, jpeg, { signal });
    bytes += written;
    return box;
  });
  for await (const box of drawn) {
    boxes.push(box);
    onProgress?.({ samples: boxes.length, totalSamples: pictures.length, bytes, keptSamples: 0 });
  }
  return { boxes, bytes };
}

function counted(pictures: readonly PlannedPicture[]): Omit<SynthesizedDeepFashion, 'bytes' | 'seconds'> {
  const partitions = { train: 0, val: 0, test: 0 };
  const perCategory = new Map<number, number>();
  for (const { partition, category } of pictures) {
    partitions[partition]++;
    perCategory.set(category, (perCategory.get(category) ?? 0) + 1);
  }
  const [category, images] = [...perCategory].reduce((most, next) => (next[1] > most[1] ? next : most));
  const largest = { name: categories[category]!.name, images };
  return { images: pictures.length, partitions, categories: perCategory.size, largest };
}

function about(images: number, seed: number): string {
  return (
    `Synthetic: ${images} drawn pictures in the layout of DeepFashion, made by weft of garments of Fashion-MNIST with seed ${seed}.\n` +
    'No picture of DeepFashion is in it. What a model scores here says nothing about DeepFashion.\n'
  );
}

/** An empty folder is as good as none. */
async function requireFree(storage: Storage, path: string, options: CallOptions): Promise<void> {
  const taken = new LoaderError(
    'DATASET_EXISTS',
    `${locationIn(storage, path)}: expected no such folder, or an empty one`,
  );
  try {
    if ((await storage.stat(path, options)).type === 'file') throw taken;
  } catch (error) {
    if (error instanceof LoaderError && error.code === 'NOT_FOUND') return;
    throw error;
  }
  for await (const _ of storage.list(path, options)) throw taken;
}
