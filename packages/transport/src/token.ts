import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, writeSync } from 'node:fs';
import { TransportError } from './errors.js';
import { TOKEN_BYTES } from './keys.js';

const OWNER_ONLY = 0o600;
/** Bits of a file's mode that let others than its owner read or write it. */
const OTHERS = 0o066;
const HEX_BYTES = 2 * TOKEN_BYTES;
const HEX = /^[0-9a-f]{64}(?:\r?\n)?$/i;

/**
 * A new run's token: 32 random bytes. It goes to the run's processes by a file or a pipe, never on a command line, which every
 * user of a machine can read.
 *
 * @example const token = newToken();
 */
export function newToken(): Uint8Array {
  return randomBytes(TOKEN_BYTES);
}

/**
 * Reads a token: 64 hexadecimal characters, with a line's end or without, or 32 raw bytes. From a path, or from a descriptor that
 * is a pipe (3 as the launcher's child has it) or an open file, up to its end; the descriptor stays open.
 *
 * @throws {TransportError} `configuration` when it cannot be read, is something else, or is a file that others can read or write; the
 *   token itself is never in the message
 * @example const token = readToken('/run/user/1000/weft.token');
 */
export function readToken(from: string | number): Uint8Array {
  const name = typeof from === 'number' ? `descriptor ${from}` : from;
  const bytes = attempt(name, () => {
    const fd = typeof from === 'number' ? from : openSync(from, 'r');
    try {
      checkPrivate(fstatSync(fd), name);
      return readAtMost(fd, HEX_BYTES + 3);
    } finally {
      if (typeof from === 'string') closeSync(fd);
    }
  });
  if (bytes.length === TOKEN_BYTES) return bytes;
  const text = bytes.toString('latin1');
  if (HEX.test(text)) return Buffer.from(text.slice(0, HEX_BYTES), 'hex');
  const got = bytes.length > HEX_BYTES + 2 ? 'more' : `${bytes.length} bytes of something else`;
  throw refused(name, `${HEX_BYTES} hexadecimal characters or ${TOKEN_BYTES} raw bytes expected, got ${got}`);
}

/**
 * Writes a token into a new file that its owner alone can read, as 64 hexadecimal characters and a line's end.
 *
 * @throws {TransportError} `configuration` when the file is there already, a link too, or cannot be written
 * @example writeToken('/run/user/1000/weft.token', newToken());
 */
export function writeToken(path: string, token: Uint8Array): void {
  if (token.length !== TOKEN_BYTES) throw refused(path, `${TOKEN_BYTES} bytes expected, got ${token.length}`);
  attempt(path, () => {
    const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, OWNER_ONLY);
    try {
      writeSync(fd, `${Buffer.from(token).toString('hex')}\n`);
    } finally {
      closeSync(fd);
    }
  });
}

function checkPrivate(stats: Stats, name: string): void {
  // A pipe has no name that others could open. Windows keeps no such bits: they say nothing there.
  if (!stats.isFile() || process.platform === 'win32' || (stats.mode & OTHERS) === 0) return;
  const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
  throw refused(name, `a file that its owner alone can read (mode 0600) expected, got mode ${mode}: chmod 600 it`);
}

function readAtMost(fd: number, maxBytes: number): Buffer {
  const bytes = Buffer.alloc(maxBytes);
  let length = 0;
  for (let n = -1; n !== 0 && length < maxBytes; length += n) n = readSync(fd, bytes, length, maxBytes - length, null);
  return bytes.subarray(0, length);
}

function attempt<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof TransportError) throw cause;
    throw refused(name, (cause as Error).message, cause);
  }
}

function refused(name: string, what: string, cause?: unknown): TransportError {
  return new TransportError('configuration', `token ${name}: ${what}`, { cause });
}
