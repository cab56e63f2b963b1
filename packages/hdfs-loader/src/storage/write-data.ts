/** What every storage does alike with what it is given. */
import { randomBytes } from 'node:crypto';
import { LoaderError } from '../errors.js';
import type { WriteData } from './storage.js';

/** Data as pieces. */
export function piecesOf(data: WriteData): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return data instanceof Uint8Array ? [data] : data;
}

/** `/a/b` → `/a/.b.1f2e3d4c.partial`: beside it, so that a rename is one step; hidden, as Hadoop's own tools skip such names. */
export function temporaryName(path: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `${path.slice(0, slash)}.${path.slice(slash)}.${randomBytes(4).toString('hex')}.partial`;
}

/** @throws LoaderError INVALID_ARGUMENT for a range that is none, or leaves the file */
export function requireRange(o: { path: string; offset: number; length: number; size: number }): void {
  const { path, offset, length, size } = o;
  if (
    Number.isSafeInteger(offset) &&
    offset >= 0 &&
    Number.isSafeInteger(length) &&
    length >= 0 &&
    offset + length <= size
  )
    return;
  const message = `${path}: expected a range within its ${size} bytes, got ${length} bytes from byte ${offset}`;
  throw new LoaderError('INVALID_ARGUMENT', message);
}
