import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openDataset } from './dataset.js';
import { stageDataset, type WriteOptions } from './dataset-writer.js';
import { LoaderError } from './errors.js';
import type { Source } from './sources/source.js';
import { identityOf, publish, removeDamaged, sweepStaging } from './staging.js';

/** How `cachedDataset` converts and reports. */
export interface CacheOptions extends WriteOptions {
  /** Receives one line when a damaged cache is made again. */
  readonly onNotice?: (line: string) => void;
}

/** A data set in a cache. */
export interface CachedDataset {
  /** For `openDataset`. */
  readonly dir: string;
  /** Of the data set. */
  readonly name: string;
  /** Whether this call made it. */
  readonly made: boolean;
}

const MAX_ATTEMPTS = 8;

/**
 * The converted form of a source, in a folder of `cacheDir` that is named by the source and its fingerprint: converted by
 * the first call, checked (sizes and checksums) and reused by the later ones, made again where it is damaged. Processes
 * may call it at the same time: each makes its own, the first to finish wins, and the others use that.
 *
 * @param cacheDir made where it does not exist
 * @throws LoaderError CACHE_CONTENDED, IO, and what opening and reading the source throws
 * @example const { dir } = await cachedDataset(source, join(dataHome(process.env), 'datasets'), { onNotice: console.error });
 */
export async function cachedDataset(
  source: Source,
  cacheDir: string,
  options: CacheOptions = {},
): Promise<CachedDataset> {
  const opened = await source.open(options);
  const plainName = `${opened.name}-${opened.split}`.replace(/[^A-Za-z0-9-]+/g, '-');
  const dir = resolve(join(cacheDir, `${plainName}-${opened.fingerprint.slice(0, 12)}`));
  const found = await inspect(dir, options.signal);
  if (found === 'good') return { dir, name: opened.name, made: false };
  if (found !== 'missing') options.onNotice?.(`${dir} is damaged and is made again: ${found.reason}`);
  await sweepStaging(dir);
  const { staging } = await stageDataset(opened, dir, options);
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (await publish(staging, dir)) return { dir, name: opened.name, made: true };
      const other = await inspect(dir, options.signal);
      if (other === 'good') return { dir, name: opened.name, made: false };
      if (other !== 'missing') await removeDamaged(dir, other.identity);
    }
    throw new LoaderError('CACHE_CONTENDED', `${dir}: replaced by others ${MAX_ATTEMPTS} times in a row`);
  } finally {
    // Gone already where it was published.
    await rm(staging, { recursive: true, force: true });
  }
}

async function inspect(
  dir: string,
  signal: AbortSignal | undefined,
): Promise<'good' | 'missing' | { reason: string; identity: string }> {
  const identity = await identityOf(dir);
  if (identity === undefined) return 'missing';
  try {
    const dataset = await openDataset(dir);
    await dataset.subset('train').verify(signal ? { signal } : {});
    await dataset.subset('test').verify(signal ? { signal } : {});
    return 'good';
  } catch (error) {
    // An unreadable disk is not a damaged data set: only what was read and is wrong is made again.
    if (!(error instanceof LoaderError) || error.code === 'IO') throw error;
    return { reason: error.message, identity };
  }
}
