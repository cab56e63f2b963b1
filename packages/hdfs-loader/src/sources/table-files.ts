import type { Hash } from 'node:crypto';
import { LoaderError } from '../errors.js';
import type { FileStatus, Storage } from '../storage/storage.js';
import type { SubsetName } from './source.js';

/** One file of a table. */
export interface TableFile {
  readonly path: string;
  readonly length: number;
  readonly modifiedMs: number;
  /** As its name or folder says; null where no file's does. */
  readonly subset: SubsetName | null;
}

/** Folders that a table's files lie in, below its own. */
export const tableFolders = ['train', 'test', 'val', 'validation', 'data'] as const;

/** `train-00000-of-00001.parquet`, `fashion-mnist_test.csv`, `t10k.csv`; validation rows are trained on. */
function subsetOf(name: string): SubsetName | null {
  if (/(?:^|[^a-z])(?:test|t10k)(?:[^a-z]|$)/i.test(name)) return 'test';
  return /(?:^|[^a-z])(?:train|val|valid|validation)(?:[^a-z]|$)/i.test(name) ? 'train' : null;
}

/**
 * The files of a table, sorted by path: one file, or those of a folder and of its folders train, test, val and data. What begins with
 * `.` or `_`, as Spark's `_SUCCESS`, is no file of it.
 *
 * @param isFile whether a name is one of a table's
 * @throws LoaderError INVALID_SOURCE when there is none, or some say train or test and others do not
 */
export async function listTableFiles(
  storage: Storage,
  path: string,
  options: { isFile: (name: string) => boolean; what: string; signal: AbortSignal | undefined },
): Promise<TableFile[]> {
  const { isFile, what, signal } = options;
  const found: { status: FileStatus; subset: SubsetName | null }[] = [];
  const status = await storage.stat(path, { signal });
  if (status.type === 'file') return [{ ...status, subset: null }];
  const visit = async (dir: string, inside: SubsetName | null): Promise<void> => {
    for await (const entry of storage.list(dir, { signal })) {
      const { name, type } = entry;
      if (name.startsWith('.') || name.startsWith('_')) continue;
      if (type === 'file' && isFile(name)) found.push({ status: entry, subset: inside ?? subsetOf(name) });
      else if (type === 'directory' && dir === path && (tableFolders as readonly string[]).includes(name))
        await visit(entry.path, subsetOf(name));
    }
  };
  await visit(path, null);
  if (found.length === 0) throw new LoaderError('INVALID_SOURCE', `${path}: expected ${what}, got none`);
  const isSplit = found.some(({ subset }) => subset === 'test') && found.some(({ subset }) => subset === 'train');
  const other = isSplit ? found.find(({ subset }) => subset === null) : undefined;
  if (other) {
    const message = `${other.status.path}: expected train, val or test in its name or folder, as other files have`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  return found
    .map(({ status: { path: file, length, modifiedMs }, subset }) => ({
      path: file,
      length,
      modifiedMs,
      subset: isSplit ? subset : null,
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Lets a digest change when a file may have. */
export function hashTableFiles(hash: Hash, dir: string, files: readonly TableFile[]): void {
  for (const { path, length, modifiedMs } of files)
    hash.update(`${path.slice(dir.length)}\0${length}\0${modifiedMs}\n`);
}
