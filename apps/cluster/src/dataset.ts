/** The data set of a run: found by name or place, converted once, and kept. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  cachedDataset,
  type Dataset,
  FASHION_MNIST,
  openDataset,
  type Source,
  type StorageOptions,
  sourceOf,
} from '@weft/hdfs-loader';
import { ClusterError, interrupted, oneLine, shown } from './errors.js';
import { npmPackageDir } from './source-flags.js';

/** Two letters at least: one is a drive of Windows. */
const URL_SCHEME = /^[a-z][a-z0-9+.-]+:/i;

async function sourceAt(dataset: string): Promise<Source> {
  if (dataset === FASHION_MNIST || existsSync(dataset)) return sourceOf(dataset, { npmPackageDir: npmPackageDir() });
  const message = `--dataset: fashion-mnist, a folder or an hdfs:// location expected, got ${shown(dataset)}, which does not exist`;
  throw new ClusterError('usage', message);
}

/** hdfs:// holds data sets only: what is converted into the cache is of this machine. */
async function openRemote(dataset: string, storage: StorageOptions, signal: AbortSignal): Promise<Dataset> {
  try {
    return await openDataset(dataset, { ...storage, signal });
  } catch (error) {
    if ((error as { code?: string }).code !== 'INVALID_MANIFEST') throw error;
    throw new Error(`${oneLine(error)}; pnpm cluster ingest SOURCE ${dataset} makes one`, { cause: error });
  }
}

/** How a data set is opened. */
interface OpenOptions {
  readonly dataHome: string;
  /** How HDFS is reached. */
  readonly storage: StorageOptions;
  /** Takes a line about what is done. */
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal;
}

async function openOrMake(dataset: string, o: OpenOptions): Promise<Dataset> {
  if (URL_SCHEME.test(dataset)) return await openRemote(dataset, o.storage, o.signal);
  if (isDatasetHere(dataset)) return await openDataset(dataset);
  const source = await sourceAt(dataset);
  const { dir, name, made } = await cachedDataset(source, join(o.dataHome, 'datasets'), {
    onNotice: o.onLine,
    signal: o.signal,
  });
  const opened = await openDataset(dir);
  if (made) o.onLine(`data set ${name} converted into ${dir}`);
  return opened;
}

const isDatasetHere = (dataset: string): boolean =>
  dataset !== FASHION_MNIST && existsSync(join(dataset, 'manifest.json'));

/**
 * Opens a data set that is one already, or Fashion-MNIST.
 *
 * @param source `fashion-mnist`, or a data set: its folder or hdfs:// location
 * @throws {ClusterError} `data` when files are missing or damaged; `usage` for anything else, a folder of photographs too; `interrupted`
 */
export async function openSource(source: string, o: OpenOptions): Promise<Dataset> {
  if (source !== FASHION_MNIST && !URL_SCHEME.test(source) && !isDatasetHere(source)) {
    const expected = `SRC ${source}: fashion-mnist or a data set expected`;
    throw new ClusterError(
      'usage',
      existsSync(source)
        ? `${expected}, got something else: pnpm cluster ingest ${source} DATASET makes one, pnpm cluster preprocess DATASET then goes on`
        : `${expected}, got a name that does not exist`,
    );
  }
  return await named(`SRC ${source}`, o.signal, () => openOrMake(source, o));
}

/** What goes wrong, with what it was about before it. */
async function named<T>(what: string, signal: AbortSignal, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    if (signal.aborted) throw interrupted();
    throw new ClusterError('data', `${what}: ${oneLine(error)}`, { cause: error });
  }
}

/**
 * Opens a data set, converting it first where that was not done before.
 *
 * @param dataset `fashion-mnist`, a folder that holds a weft data set or images in a form that `sourceOf` knows, or the hdfs:// location of a data set
 * @throws {ClusterError} `data` when files are missing or damaged: the line names them; `usage`; `interrupted`
 */
export async function resolveDataset(dataset: string, o: OpenOptions): Promise<Dataset> {
  return await named(`--dataset ${dataset}`, o.signal, () => openOrMake(dataset, o));
}
