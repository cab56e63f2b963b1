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
  const view = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES);
  view.setUint32(0, FRAME_MAGIC, true);
  view.setUint8(4, FRAME_VERSION);
  view.setUint8(5, prefix.kind);
  view.setUint16(6, prefix.flags, true);
  view.setUint32(8, prefix.term, true);
  view.setUint32(12, prefix.headerBytes, true);
  setUint64(view, 16, prefix.payloadBytes);
  setUint64(view, 24, prefix.request);
  view.setUint32(32, 0, true);
  view.setUint32(36, crc32c(bytes.subarray(0, 36)), true);
}

/**
 * Reads and checks a prefix: nothing else of the frame is needed, nothing is allocated for it.
 *
 * @throws {TransportError} `protocol`, `checksum`, `version`, or `limit` for a length above its limit
 * @example readPrefix(bytes, DEFAULT_LIMITS).payloadBytes
 */
export function readPrefix(bytes: Uint8Array, limits: Limits): Prefix {
  const view = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES);
  const magic = view.getUint32(0, true);
  if (magic !== FRAME_MAGIC) throw bad('protocol', 'magic', hex(FRAME_MAGIC), hex(magic));
  const crc = crc32c(bytes.subarray(0, 36));
  const prefixCrc = view.getUint32(36, true);
  if (prefixCrc !== crc) throw bad('checksum', 'prefixCrc', hex(crc), hex(prefixCrc));
  const version = view.getUint8(4);
  if (version !== FRAME_VERSION) throw bad('version', 'version', FRAME_VERSION, version);
  const flags = view.getUint16(6, true);
  if ((flags & ~FrameFlag.crc) !== 0) throw bad('protocol', 'flags', 'only known bits', hex(flags));
  const reserved = view.getUint32(32, true);
  if (reserved !== 0) throw bad('protocol', 'reserved', 0, hex(reserved));
  const request = getUint64(view, 24);
  if (request > Number.MAX_SAFE_INTEGER) throw bad('protocol', 'request', 'below 2^53', request);
  const headerBytes = view.getUint32(12, true);
  if (headerBytes > limits.maxHeaderBytes) {
    throw bad('limit', 'headerBytes', `at most ${limits.maxHeaderBytes}`, headerBytes);
  }
  const payloadBytes = getUint64(view, 16);
  if (payloadBytes > limits.maxPayloadBytes) {
    throw bad('limit', 'payloadBytes', `at most ${limits.maxPayloadBytes}`, payloadBytes);
  }
  return { kind: view.getUint8(5), flags, term: view.getUint32(8, true), headerBytes, payloadBytes, request };
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

// Two halves instead of a BigInt: lengths and request numbers stay below 2^53, and a BigInt would be allocated per frame.
function setUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % TWO_32, true);
  view.setUint32(offset + 4, Math.floor(value / TWO_32), true);
}

function getUint64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * TWO_32;
}
