/** What every storage does alike with what it is given. */
import { randomBytes } from 'node:crypto';
import { LoaderError } from '../errors.js';
import type { WriteData } from './storage.js';

/** Whether data can be gone over again: one view, or an array of them. */
export function isRepeatable(data: WriteData): data is Uint8Array | readonly Uint8Array[] {
  return data instanceof Uint8Array || Array.isArray(data);
}

/** Data as pieces. */
export function piecesOf(data: Uint8Array | readonly Uint8Array[]): readonly Uint8Array[];
export function piecesOf(data: WriteData): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
export function piecesOf(data: WriteData): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return data instanceof Uint8Array ? [data] : data;
}

/** Data as pieces, until the signal: whoever makes them may be slow. @throws the signal's reason */
export async function* piecesUntil(data: WriteData, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const pieces = piecesOf(data);
  if (!signal) {
    yield* pieces;
    return;
  }
  const iterator = Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  aborted.catch(() => {});
  let ended = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await Promise.race([iterator.next(), aborted]);
      ended = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not waited for: it ends once the piece that it is making is done.
    if (!ended) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

/** Of a name in a temporary one: with it, no more than the 255 bytes that file systems take, of 4 bytes a character at most. */
const MAX_NAME_CHARACTERS = 48;

/** `/a/b` → `/a/.b.1f2e3d4c.partial`: beside it, so that a rename is one step; hidden, as Hadoop's own tools skip such names. */
export function temporaryName(path: string): string {
  const slash = path.lastIndexOf('/') + 1;
  const name = [...path.slice(slash)].slice(0, MAX_NAME_CHARACTERS).join('');
  return `${path.slice(0, slash)}.${name}.${randomBytes(4).toString('hex')}.partial`;
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
