import { crc32c } from '@weft/native';
import { TransportError } from './errors.js';
import type { Limits } from './limits.js';

/** Kinds of frames. Transport's own are below 16; an application's are 16 to 255. */
export const FrameKind = {
  /** Answer to the request of the same number. */
  reply: 1,
  /** The request of the same number failed; header { code, message, retryable }. Request 0: the connection ends for this reason. */
  error: 2,
  /** Says that the sender lives. */
  heartbeat: 3,
  /** Says that the sender closes the connection in good order. */
  close: 4,
  /** A piece of a collective, between the members of a group; never on a connection of requests and replies. */
  collective: 5,
  /** The first kind that is an application's. */
  application: 16,
} as const;

/** Bits of a prefix's flags. All others must be 0. */
export const FrameFlag = {
  /** A checksum follows the payload. */
  crc: 1,
} as const;

/** Version of the frames that this package reads and writes. */
export const FRAME_VERSION = 1;
export const PREFIX_BYTES = 40;
/** `WEFT` in ASCII, read as a little-endian u32. */
const FRAME_MAGIC = 0x54464557;

/**
 * The first 40 bytes of a frame.
 *
 * ```
 * prefix = magic:u32 version:u8 kind:u8 flags:u16 term:u32 headerBytes:u32
 *          payloadBytes:u64 request:u64 reserved:u32 prefixCrc:u32            little-endian
 * ```
 */
export interface Prefix {
  readonly kind: number;
  readonly flags: number;
  /** The roster's term that the sender is in. */
  readonly term: number;
  readonly headerBytes: number;
  readonly payloadBytes: number;
  /** Number of the request on its connection; 0: none, no answer is expected. */
  readonly request: number;
}

const TWO_32 = 2 ** 32;

/**
 * Writes a prefix, its checksum too, into the first 40 bytes.
 *
 * @throws {TransportError} `configuration` when a field is out of its range
 * @example writePrefix(bytes, { kind: 16, flags: 0, term: 0, headerBytes: 0, payloadBytes: 0, request: 0 })
 */
export function writePrefix(bytes: Uint8Array, prefix: Prefix): void {
  checkField('kind', prefix.kind, 0xff);
  checkField('term', prefix.term, 0xffffffff);
  checkField('request', prefix.request, Number.MAX_SAFE_INTEGER);
  putUint32(bytes, 0, FRAME_MAGIC);
  bytes[4] = FRAME_VERSION;
  bytes[5] = prefix.kind;
  bytes[6] = prefix.flags & 0xff;
  bytes[7] = prefix.flags >>> 8;
  putUint32(bytes, 8, prefix.term);
  putUint32(bytes, 12, prefix.headerBytes);
  putUint64(bytes, 16, prefix.payloadBytes);
  putUint64(bytes, 24, prefix.request);
  putUint32(bytes, 32, 0);
  putUint32(bytes, 36, crc32c(bytes, 0, 0, 36));
}

/**
 * Reads and checks a prefix: nothing else of the frame is needed, nothing is allocated for it.
 *
 * @throws {TransportError} `protocol`, `checksum`, `version`, or `limit` for a length above its limit
 * @example readPrefix(bytes, DEFAULT_LIMITS).payloadBytes
 */
export function readPrefix(bytes: Uint8Array, limits: Limits): Prefix {
  const magic = getUint32(bytes, 0);
  if (magic !== FRAME_MAGIC) throw bad('protocol', 'magic', hex(FRAME_MAGIC), hex(magic));
  const crc = crc32c(bytes, 0, 0, 36);
  const prefixCrc = getUint32(bytes, 36);
  if (prefixCrc !== crc) throw bad('checksum', 'prefixCrc', hex(crc), hex(prefixCrc));
  const version = bytes[4]!;
  if (version !== FRAME_VERSION) throw bad('version', 'version', FRAME_VERSION, version);
  const flags = bytes[6]! | (bytes[7]! << 8);
  if ((flags & ~FrameFlag.crc) !== 0) throw bad('protocol', 'flags', 'only known bits', hex(flags));
  const reserved = getUint32(bytes, 32);
  if (reserved !== 0) throw bad('protocol', 'reserved', 0, hex(reserved));
  const request = getUint64(bytes, 24);
  if (request > Number.MAX_SAFE_INTEGER) throw bad('protocol', 'request', 'below 2^53', request);
  const headerBytes = getUint32(bytes, 12);
  if (headerBytes > limits.maxHeaderBytes) {
    throw bad('limit', 'headerBytes', `at most ${limits.maxHeaderBytes}`, headerBytes);
  }
  const payloadBytes = getUint64(bytes, 16);
  if (payloadBytes > limits.maxPayloadBytes) {
    throw bad('limit', 'payloadBytes', `at most ${limits.maxPayloadBytes}`, payloadBytes);
  }
  return { kind: bytes[5]!, flags, term: getUint32(bytes, 8), headerBytes, payloadBytes, request };
}

/**
 * A length rounded up to the next multiple of 8.
 *
 * @example padded(9) // 16
 */
export function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function bad(code: 'protocol' | 'checksum' | 'version' | 'limit', field: string, expected: unknown, got: unknown) {
  return new TransportError(code, `frame prefix: ${field} ${String(expected)} expected, got ${String(got)}`);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function checkField(field: string, value: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new TransportError('configuration', `frame ${field}: 0 to ${max} expected, got ${String(value)}`);
  }
}

// Byte by byte, since a DataView would be allocated for each frame.
function putUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value & 0xff;
  bytes[offset + 1] = (value >>> 8) & 0xff;
  bytes[offset + 2] = (value >>> 16) & 0xff;
  bytes[offset + 3] = value >>> 24;
}

function getUint32(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24)) >>> 0;
}

// Two halves instead of a BigInt: lengths and request numbers stay below 2^53, and a BigInt would be allocated, too.
function putUint64(bytes: Uint8Array, offset: number, value: number): void {
  putUint32(bytes, offset, value % TWO_32);
  putUint32(bytes, offset + 4, Math.floor(value / TWO_32));
}

function getUint64(bytes: Uint8Array, offset: number): number {
  return getUint32(bytes, offset) + getUint32(bytes, offset + 4) * TWO_32;
}
