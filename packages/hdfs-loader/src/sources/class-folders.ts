import { createHash } from 'node:crypto';
import { LoaderError } from '../errors.js';
import type { FileStatus, Storage } from '../storage/storage.js';
import { BadImageError, type LeftOut, withAdvice } from './bad-images.js';
import { type ImageOptions, isImageName } from './image-decoder.js';
import { type ListedImage, openImages } from './listed-images.js';
import type { OpenOptions, OpenSource, Source, SubsetName } from './source.js';
import { type SplitOptions, shuffled, splitOptions, stratifiedSplit } from './split.js';

/** How a folder of class folders is read. */
export interface ClassFolderOptions extends ImageOptions, SplitOptions {
  /** Of the data set. Default: the folder's. */
  readonly name?: string | undefined;
}

/** Folders that are no classes; validation images are trained on. */
const SPLITS: Readonly<Record<string, SubsetName>> = { train: 'train', val: 'train', test: 'test' };
const LIST_EVERY = 1000;

interface Found {
  readonly path: string;
  readonly className: string;
  readonly subset: SubsetName;
  readonly length: number;
  readonly modifiedMs: number;
}

/** By code units: the same on every machine, whatever its language. */
const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Hadoop and most tools leave such things lying about. */
const isHidden = (name: string): boolean =>
  name.startsWith('.') || name.startsWith('_') || name === 'Thumbs.db' || name === 'desktop.ini';

/**
 * Images in a folder for each class, `DIR/<class>/*.jpg`, or `DIR/train/<class>/*.jpg` and `DIR/test/<class>/*.jpg`; JPEG, PNG, WebP,
 * GIF, TIFF, AVIF. Classes are named by their folders, sorted. Without train and test a seeded share of each class
 * becomes test images. The order is shuffled by the seed, so that no shard is one class. The list of files is in memory.
 *
 * @param dir within the storage
 * @returns a source that throws LoaderError NOT_FOUND, INVALID_SOURCE, INVALID_ARGUMENT, naming the file
 * @example const source = classFolders(fileStorage(), '/data/photos', { imageSize: { height: 128, width: 128 } });
 */
export function classFolders(storage: Storage, dir: string, options: ClassFolderOptions = {}): Source {
  return { open: (o) => open(storage, dir, { ...options, ...o }), close: () => storage.close() };
}

async function open(storage: Storage, dir: string, options: ClassFolderOptions & OpenOptions): Promise<OpenSource> {
  const { testShare, seed } = splitOptions(options);
  const found = await list(storage, dir, options);
  const labelNames = [...new Set(found.files.map(({ className }) => className))].sort(byText);
  const index = new Map(labelNames.map((name, i) => [name, i]));
  const images = found.files.map(({ path, className, length }) => ({ path, label: index.get(className)!, length }));
  const subsets: Record<SubsetName, readonly ListedImage[]> = { train: [], test: [] };
  if (found.isSplit) {
    for (const subset of ['train', 'test'] as const)
      subsets[subset] = shuffled(
        images.filter((_, i) => found.files[i]!.subset === subset),
        seed,
      );
  } else {
    const rows = stratifiedSplit(
      images.map(({ label }) => label),
      { testShare, seed },
    );
    for (const subset of ['train', 'test'] as const) subsets[subset] = Array.from(rows[subset], (row) => images[row]!);
  }
  const hash = createHash('sha256').update(JSON.stringify(['class folders 1', found.isSplit || testShare, seed]));
  // In the order of the list: by path, whatever the order of the storage.
  for (const { path, length, modifiedMs } of found.files)
    hash.update(`${path.slice(dir.length)}\0${length}\0${modifiedMs}\n`);
  const note = found.isSplit
    ? 'Training and test images as they lay in the folders train and test; those of a folder val are trained on.'
    : `Of each class, ${testShare * 100} % are test images, drawn with seed ${seed}.`;
  return openImages(
    storage,
    {
      dir,
      leftOut: found.leftOut,
      name: options.name ?? (dir.slice(dir.lastIndexOf('/') + 1) || 'images'),
      split: found.isSplit ? 'folders' : 'seeded',
      note,
      labelNames,
      subsets,
      hash,
    },
    options,
  );
}

/** What a listing found. */
interface Listed {
  /** Sorted by path. */
  readonly files: readonly Found[];
  readonly isSplit: boolean;
  readonly leftOut: readonly LeftOut[];
}

async function list(
  storage: Storage,
  dir: string,
  { signal, onProgress, onBadImage }: OpenOptions & ImageOptions,
): Promise<Listed> {
  const leftOut: LeftOut[] = [];
  const leave = (path: string, reason: LeftOut['reason'], subset: SubsetName | null): void =>
    void leftOut.push({ file: path.slice(dir.length + 1), subset, reason });
  const foldersIn = async (path: string): Promise<FileStatus[]> => {
    const found: FileStatus[] = [];
    for await (const status of storage.list(path, { signal })) {
      if (isHidden(status.name)) leave(status.path, 'hidden', null);
      else if (status.type === 'directory') found.push(status);
      else leave(status.path, 'outside', null);
    }
    return found.sort((a, b) => byText(a.name, b.name));
  };
  const top = await foldersIn(dir);
  const isSplit = top.some(({ name }) => name === 'train');
  const classes: { status: FileStatus; subset: SubsetName }[] = [];
  for (const status of top) {
    if (!isSplit) classes.push({ status, subset: 'train' });
    else if (!Object.hasOwn(SPLITS, status.name))
      throw new LoaderError('INVALID_SOURCE', `${status.path}: expected train, val or test beside ${dir}/train`);
    else
      for (const inside of await foldersIn(status.path)) classes.push({ status: inside, subset: SPLITS[status.name]! });
  }
  if (classes.length === 0) {
    throw new LoaderError('INVALID_SOURCE', `${dir}: expected a folder for each class, with images in it`);
  }
  const files: Found[] = [];
  for (const { status, subset } of classes) {
    const before = files.length;
    for await (const { name, path, type, length, modifiedMs } of storage.list(status.path, { signal })) {
      const known = isSplit ? subset : null;
      if (isHidden(name)) leave(path, 'hidden', known);
      else if (type === 'file' && isImageName(name)) {
        files.push({ path, className: status.name, subset, length, modifiedMs });
        if (files.length % LIST_EVERY === 0) onProgress?.({ stage: 'list', done: files.length, total: null });
      } else if (onBadImage === 'skip') leave(path, 'not-an-image', known);
      else {
        const message = `${path}: expected an image (jpg, png, webp, gif, tif, avif), got a ${type}`;
        throw withAdvice(new BadImageError('not-an-image', message));
      }
    }
    if (files.length === before) throw new LoaderError('INVALID_SOURCE', `${status.path}: expected images, got none`);
  }
  files.sort((a, b) => byText(a.path, b.path));
  return { files, isSplit, leftOut };
}
