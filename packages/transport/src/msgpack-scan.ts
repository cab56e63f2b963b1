import { TransportError } from './errors.js';

/** How deep maps and arrays of a header may be nested. */
export const MAX_HEADER_DEPTH = 16;

/**
 * Walks msgpack bytes without building anything, and refuses all that is not plain data: extensions (records, dates, errors,
 * typed arrays …), binary, keys that are not strings, a count that the bytes cannot hold, bytes left over, deep nesting.
 *
 * @throws {TransportError} `header` saying what and at which byte
 * @example scanMsgpackMap(Uint8Array.of(0x80)) // {}: passes
 */
export function scanMsgpackMap(bytes: Uint8Array): void {
  const first = bytes[0] ?? -1;
  if (!((first >= 0x80 && first <= 0x8f) || first === 0xde || first === 0xdf)) {
    throw bad('a map', `type 0x${first.toString(16)}`, 0);
  }
  const end = scanValue(bytes, 0, 0);
  if (end !== bytes.length) throw bad(`${bytes.length} bytes`, `a map of ${end}`, end);
}

/** Returns where the value ends. */
function scanValue(bytes: Uint8Array, at: number, depth: number): number {
  const type = bytes[at];
  if (type === undefined) throw bad('a value', 'the end', at);
  const next = at + 1;
  if (type <= 0x7f || type >= 0xe0) return next; // small integers
  if (type <= 0x8f) return scanEntries(bytes, next, { count: type & 15, map: true, depth });
  if (type <= 0x9f) return scanEntries(bytes, next, { count: type & 15, map: false, depth });
  if (type <= 0xbf) return within(bytes, next, type & 31); // short strings
  switch (type) {
    case 0xc0: // null
    case 0xc2: // false
    case 0xc3: // true
      return next;
    case 0xcc: // u8
    case 0xd0: // i8
      return within(bytes, next, 1);
    case 0xcd: // u16
    case 0xd1: // i16
      return within(bytes, next, 2);
    case 0xca: // f32
    case 0xce: // u32
    case 0xd2: // i32
      return within(bytes, next, 4);
    case 0xcb: // f64
    case 0xcf: // u64
    case 0xd3: // i64
      return within(bytes, next, 8);
    case 0xd9:
    case 0xda:
    case 0xdb: {
      const width = 1 << (type - 0xd9);
      return within(bytes, next + width, count(bytes, next, width));
    }
    case 0xdc:
    case 0xdd: {
      const width = type === 0xdc ? 2 : 4;
      return scanEntries(bytes, next + width, { count: count(bytes, next, width), map: false, depth });
    }
    case 0xde:
    case 0xdf: {
      const width = type === 0xde ? 2 : 4;
      return scanEntries(bytes, next + width, { count: count(bytes, next, width), map: true, depth });
    }
    default: // 0xc1 never used, 0xc4–0xc6 binary, 0xc7–0xc9 and 0xd4–0xd8 extensions
      throw bad('null, boolean, number, string, array or map', `type 0x${type.toString(16)}`, at);
  }
}

function scanEntries(bytes: Uint8Array, at: number, o: { count: number; map: boolean; depth: number }): number {
  if (o.depth >= MAX_HEADER_DEPTH) throw bad(`at most ${MAX_HEADER_DEPTH} levels`, 'more', at);
  // An entry has at least one byte (two in a map): a larger count is refused before the decoder reserves room for it.
  if (o.count * (o.map ? 2 : 1) > bytes.length - at) throw bad('as many entries as bytes', `${o.count} entries`, at);
  let next = at;
  for (let i = 0; i < o.count; i++) {
    if (o.map) {
      const key = bytes[next] ?? -1;
      if (!((key >= 0xa0 && key <= 0xbf) || (key >= 0xd9 && key <= 0xdb))) {
        throw bad('a string as key', `type 0x${key.toString(16)}`, next);
      }
      next = scanValue(bytes, next, o.depth + 1);
    }
    next = scanValue(bytes, next, o.depth + 1);
  }
  return next;
}

function count(bytes: Uint8Array, at: number, width: number): number {
  within(bytes, at, width);
  let n = 0;
  for (let i = 0; i < width; i++) n = n * 256 + bytes[at + i]!;
  return n;
}

function within(bytes: Uint8Array, at: number, length: number): number {
  const end = at + length;
  if (end > bytes.length) throw bad(`${length} more bytes`, `${bytes.length - at}`, at);
  return end;
}

function bad(expected: string, got: string, at: number): TransportError {
  return new TransportError('header', `frame header: ${expected} expected at byte ${at}, got ${got}`);
}
