import { LoaderError } from '../errors.js';
import type { Storage } from '../storage/storage.js';
import { unpacked } from './unpacked.js';

const LF = 0x0a;
const CR = 0x0d;
/** 128 × 128 × 3 values take 197 kB. */
const MAX_LINE_BYTES = 1 << 26;

/** A line of a file. */
export interface Line {
  /** Without its end; the caller's until the next one is asked for. */
  readonly bytes: Buffer;
  /** In the file, from 1: for messages. */
  readonly number: number;
}

/**
 * The lines of a text file, gzipped or not, as they come; empty ones are left out, and a byte order mark.
 *
 * @throws LoaderError INVALID_SOURCE for a line that has no end, and as `unpacked`
 */
export async function* csvLines(
  storage: Storage,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly Line[]> {
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  const lineOf = (bytes: Buffer): Line => {
    number += 1;
    const start = number === 1 && bytes.subarray(0, 3).equals(Buffer.of(0xef, 0xbb, 0xbf)) ? 3 : 0;
    return { bytes: bytes.subarray(start, bytes.at(-1) === CR ? -1 : undefined), number };
  };
  for await (const piece of unpacked(storage, path, { signal })) {
    const all =
      rest.length === 0 ? Buffer.from(piece.buffer, piece.byteOffset, piece.length) : Buffer.concat([rest, piece]);
    const lines: Line[] = [];
    let start = 0;
    for (let end = all.indexOf(LF); end >= 0; end = all.indexOf(LF, start)) {
      const line = lineOf(all.subarray(start, end));
      if (line.bytes.length > 0) lines.push(line);
      start = end + 1;
    }
    // A copy: the piece may be the storage's again.
    rest = Buffer.from(all.subarray(start));
    if (rest.length > MAX_LINE_BYTES) {
      throw new LoaderError('INVALID_SOURCE', `${path}: line ${number + 1}: expected at most ${MAX_LINE_BYTES} bytes`);
    }
    if (lines.length > 0) yield lines;
  }
  const last = rest.length > 0 ? lineOf(rest) : null;
  if (last && last.bytes.length > 0) yield [last];
}
