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
    const what = `${oneLine(error)}; pnpm cluster ingest SOURCE ${dataset} makes one`;
    throw new ClusterError('data', `--dataset ${dataset}: ${what}`, { cause: error });
  }
}

/**
 * Opens a data set, converting it first where that was not done before.
 *
 * @param dataset `fashion-mnist`, a folder that holds a weft data set or images in a form that `sourceOf` knows, or the hdfs:// location of a data set
 * @param o.storage how HDFS is reached
 * @param o.onLine takes a line about what is done
 * @throws {ClusterError} `data` when files are missing or damaged: the line names them; `usage`; `interrupted`
 */
export async function resolveDataset(
  dataset: string,
  o: { dataHome: string; storage: StorageOptions; onLine: (line: string) => void; signal: AbortSignal },
): Promise<Dataset> {
  try {
    if (URL_SCHEME.test(dataset)) return await openRemote(dataset, o.storage, o.signal);
    if (dataset !== FASHION_MNIST && existsSync(join(dataset, 'manifest.json'))) return await openDataset(dataset);
    const source = await sourceAt(dataset);
    const { dir, name, made } = await cachedDataset(source, join(o.dataHome, 'datasets'), {
      onNotice: o.onLine,
      signal: o.signal,
    });
    const opened = await openDataset(dir);
    if (made) o.onLine(`data set ${name} converted into ${dir}`);
    return opened;
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    if (o.signal.aborted) throw interrupted();
    throw new ClusterError('data', `--dataset ${dataset}: ${oneLine(error)}`, { cause: error });
  }
}
