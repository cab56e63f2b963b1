import { LoaderError } from '../errors.js';
import type { CallOptions, Storage } from './storage.js';

/** What a small file may have at most, where nothing else is said: 64 MiB. */
const MAX_BYTES = 1 << 26;

/**
 * A whole file, bounded in size.
 *
 * @param options.length where it is known from a listing: one call less
 * @throws LoaderError INVALID_SOURCE for a file above `maxBytes` (default 64 MiB), and what the storage throws
 */
export async function readWhole(
  storage: Storage,
  path: string,
  options: CallOptions & { maxBytes?: number; length?: number } = {},
): Promise<Buffer> {
  const { maxBytes = MAX_BYTES, signal } = options;
  const length = options.length ?? (await sizeOf(storage, path, signal));
  if (length > maxBytes) {
    throw new LoaderError('INVALID_SOURCE', `${path}: expected at most ${maxBytes} bytes, got ${length}`);
  }
  const bytes = Buffer.allocUnsafeSlow(length);
  if (length > 0) await storage.readInto(path, bytes, { signal });
  return bytes;
}

async function sizeOf(storage: Storage, path: string, signal: AbortSignal | undefined): Promise<number> {
  const { type, length } = await storage.stat(path, { signal });
  if (type === 'directory') throw new LoaderError('IO', `cannot read ${path}: expected a file, got a directory`);
  return length;
}
