import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LoaderError } from '../errors.js';
import type { CallOptions, Storage } from '../storage/storage.js';

/**
 * The content of a file in pieces, unpacked where it is gzipped: known by its first two bytes, whatever its name.
 *
 * @throws LoaderError TRUNCATED, INVALID_SOURCE when it cannot be unpacked, and what the storage throws
 */
export async function* unpacked(storage: Storage, path: string, options: CallOptions = {}): AsyncGenerator<Uint8Array> {
  const file = storage.read(path, options);
  const pieces = file[Symbol.asyncIterator]();
  try {
    const first = await pieces.next();
    if (first.done) return;
    const rest = (async function* () {
      yield first.value;
      for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
    })();
    if (first.value[0] === 0x1f && first.value[1] === 0x8b) yield* gunzipped(storage, path, rest);
    else yield* rest;
  } finally {
    await pieces.return?.();
  }
}

async function* gunzipped(
  storage: Storage,
  path: string,
  packed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  // The error is thrown where the stream is read.
  pipeline(Readable.from(packed), gunzip, () => {});
  try {
    for await (const piece of gunzip) yield piece as Buffer;
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (cause instanceof LoaderError || !code.startsWith('Z_')) throw cause;
    const { length } = await storage.stat(path);
    const message = `${path}: cannot unpack its ${length} gzip bytes: ${(cause as Error).message}`;
    throw new LoaderError(code === 'Z_BUF_ERROR' ? 'TRUNCATED' : 'INVALID_SOURCE', message, { cause });
  }
}

/**
 * A small file as `unpacked` gives it, whole.
 *
 * @param options.maxBytes a small damaged file must not take all memory
 * @throws LoaderError as unpacked, and INVALID_SOURCE above `maxBytes`
 */
export async function unpackedWhole(
  storage: Storage,
  path: string,
  options: CallOptions & { maxBytes: number },
): Promise<Buffer> {
  const { maxBytes, signal } = options;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of unpacked(storage, path, { signal })) {
    bytes += piece.length;
    if (bytes > maxBytes)
      throw new LoaderError('INVALID_SOURCE', `${path}: expected at most ${maxBytes} bytes unpacked`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
