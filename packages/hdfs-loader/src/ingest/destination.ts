/** Where a staged data set is to be: what may be replaced, and the one step in which it gets its name. */
import { LoaderError } from '../errors.js';
import { MANIFEST_FILE, type Manifest } from '../manifest.js';
import { locationIn } from '../storage/location.js';
import type { CallOptions, Storage } from '../storage/storage.js';

/** The path of a data set, and what lies beside it while it is made. */
export interface Destination {
  readonly storage: Storage;
  readonly path: string;
  /** `/data/x` → `/data/.x.ingest`: the name is always the same, so that the same command finds what it began. */
  readonly staging: string;
  /** Where the data set that is replaced waits for the end. */
  readonly replaced: string;
}

/** @throws LoaderError INVALID_ARGUMENT for a path that ends with a slash */
export function destinationAt(storage: Storage, path: string): Destination {
  const slash = path.lastIndexOf('/') + 1;
  const [parent, name] = [path.slice(0, slash), path.slice(slash)];
  if (name === '') throw new LoaderError('INVALID_ARGUMENT', `${path}: expected the path of a new folder`);
  return { storage, path, staging: `${parent}.${name}.ingest`, replaced: `${parent}.${name}.replaced` };
}

/** Bytes of each file of a folder, by name; none where there is no folder. */
export async function sizesIn(
  storage: Storage,
  dir: string,
  options: CallOptions,
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  try {
    for await (const { name, length } of storage.list(dir, options)) sizes.set(name, length);
  } catch (error) {
    if (!(error instanceof LoaderError) || error.code !== 'NOT_FOUND') throw error;
  }
  return sizes;
}

/**
 * Gives a finished folder its final name.
 *
 * @param o.requireLock throws where another process has taken the work over
 * @throws LoaderError DATASET_EXISTS; LOCKED where the folder is not what the manifest says; and what the storage throws
 */
export async function publish(
  to: Destination,
  o: { data: string; overwrite: boolean; manifest: Manifest; requireLock: () => Promise<void> },
): Promise<void> {
  const { storage, path, replaced } = to;
  const { data, overwrite, manifest } = o;
  await o.requireLock();
  await requireWhole(storage, data, manifest);
  await requireFree(to, { overwrite });
  const isThere = await exists(storage, path);
  if (isThere && overwrite) {
    // What a process that was killed behind the next line put aside is older than what is there now.
    await storage.delete(replaced, { recursive: true });
    await storage.rename(path, replaced);
  } else if (isThere) {
    await storage.delete(path);
  }
  try {
    await storage.rename(data, path);
  } catch (error) {
    // It comes back, unless something is there by now.
    if (isThere && overwrite) await storage.rename(replaced, path).catch(() => {});
    throw error instanceof LoaderError && error.code === 'EXISTS' ? taken(to, overwrite) : error;
  }
  await storage.delete(replaced, { recursive: true });
}

/** Two processes that took the lock over at the same moment may have undone each other's work: that must not get the final name. */
async function requireWhole(storage: Storage, data: string, { subsets, preprocessing }: Manifest): Promise<void> {
  const sizes = await sizesIn(storage, data, {});
  const shards = [...subsets.train.shards, ...subsets.test.shards];
  const wrong =
    shards.find(({ file, bytes }) => sizes.get(file) !== bytes)?.file ??
    [MANIFEST_FILE, ...(preprocessing ? [preprocessing.file] : [])].find((file) => !sizes.has(file));
  if (wrong === undefined) return;
  const where = locationIn(storage, `${data}/${wrong}`);
  throw new LoaderError('LOCKED', `${where}: expected it as it was written: another process has changed it`);
}

async function exists(storage: Storage, path: string, options: CallOptions = {}): Promise<boolean> {
  try {
    await storage.stat(path, options);
    return true;
  } catch (error) {
    if (error instanceof LoaderError && error.code === 'NOT_FOUND') return false;
    throw error;
  }
}

/**
 * An empty folder is as good as none. Replaced is a data set: a user's photographs, or home, never are.
 *
 * @throws LoaderError DATASET_EXISTS
 */
export async function requireFree(
  to: Destination,
  { overwrite, signal }: CallOptions & { readonly overwrite: boolean },
): Promise<void> {
  const { storage, path } = to;
  if (!(await exists(storage, path, { signal }))) return;
  if ((await storage.stat(path, { signal })).type === 'file') throw taken(to, overwrite);
  if (overwrite && (await exists(storage, `${path}/${MANIFEST_FILE}`, { signal }))) return;
  for await (const _ of storage.list(path, { signal })) throw taken(to, overwrite);
}

function taken({ storage, path }: Destination, overwrite: boolean): LoaderError {
  const expected = overwrite
    ? 'a data set to overwrite, or no such folder, got something else, which is left as it is'
    : 'no such folder, or an empty one; --overwrite replaces a data set';
  return new LoaderError('DATASET_EXISTS', `${locationIn(storage, path)}: expected ${expected}`);
}
