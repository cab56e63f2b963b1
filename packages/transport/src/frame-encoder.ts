import { crc32c } from '@weft/native';
import { TransportError } from './errors.js';
import { encodeHeader, type Header } from './header.js';
import { DEFAULT_LIMITS, type Limits } from './limits.js';
import { FrameFlag, PREFIX_BYTES, padded, writePrefix } from './prefix.js';

/** What a frame is made of. */
export interface FrameParts {
  readonly kind: number;
  readonly header?: Header | undefined;
  /** Sent as its bytes lie in memory; not copied. */
  readonly payload?: ArrayBufferView | undefined;
  readonly term?: number;
  readonly request?: number;
  /** Whether a checksum of header and payload follows. Default true. */
  readonly crc?: boolean;
  readonly limits?: Limits;
}

/** A frame ready to be written: head, payload, then what `own` holds behind the head. */
export interface EncodedFrame {
  /** Prefix and padded header, then the place of the checksum where there is one: whoever writes the frame fills it in. */
  readonly own: Buffer;
  /** Length of prefix and padded header in `own`. */
  readonly headBytes: number;
  /** The caller's own memory. */
  readonly payload: Buffer;
  /** Length of all. */
  readonly bytes: number;
}

export const CRC_BYTES = 8;
const EMPTY = Buffer.alloc(0);

/**
 * Encodes a frame, up to its checksum: that is computed while the frame is written, by sumHead, crc32c and putSum.
 *
 * ```
 * frame  = prefix header payload [crc]
 * header = msgpack map of exactly headerBytes, then zeros up to the next multiple of 8
 * crc    = crc32c of header (with its zeros) and payload, as a u64
 * ```
 *
 * @throws {TransportError} `limit` when a part is above its limit; `configuration` when a field or the header is not valid
 * @example encodeFrame({ kind: 16, header: { version: 3 }, payload: new Float32Array(1024) })
 */
export function encodeFrame(parts: FrameParts): EncodedFrame {
  const { kind, header, payload: view, term = 0, request = 0, crc = true, limits = DEFAULT_LIMITS } = parts;
  const packed = header === undefined ? EMPTY : encodeHeader(header, limits.maxHeaderBytes);
  const payload = view === undefined ? EMPTY : Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  if (payload.length > limits.maxPayloadBytes) {
    throw new TransportError(
      'limit',
      `frame payload: at most ${limits.maxPayloadBytes} bytes expected, got ${payload.length}`,
    );
  }
  const headBytes = PREFIX_BYTES + padded(packed.length);
  // Out of Node's pool: an ArrayBuffer for each small frame would cost more than everything else here.
  const own = Buffer.allocUnsafe(headBytes + (crc ? CRC_BYTES : 0));
  const flags = crc ? FrameFlag.crc : 0;
  writePrefix(own, { kind, flags, term, headerBytes: packed.length, payloadBytes: payload.length, request });
  own.set(packed, PREFIX_BYTES);
  for (let i = PREFIX_BYTES + packed.length; i < own.length; i++) own[i] = 0;
  return { own, headBytes, payload, bytes: own.length + payload.length };
}

/**
 * The checksum's first part: that of the padded header.
 *
 * @example putSum(frame, crc32c(frame.payload, sumHead(frame)))
 */
export function sumHead(frame: EncodedFrame): number {
  return crc32c(frame.own, 0, PREFIX_BYTES, frame.headBytes);
}

/**
 * Puts the checksum of header and payload into its place; nothing where the frame has none.
 *
 * @example putSum(frame, crc32c(frame.payload, sumHead(frame)))
 */
export function putSum(frame: EncodedFrame, sum: number): void {
  if (frame.own.length > frame.headBytes) frame.own.writeUInt32LE(sum, frame.headBytes);
}

/**
 * A frame in one array, checksum and all: a copy, for tests and tools.
 *
 * @example frameBytes(encodeFrame({ kind: 16 })).length // 48
 */
export function frameBytes(frame: EncodedFrame): Uint8Array {
  const { own, headBytes, payload } = frame;
  putSum(frame, crc32c(payload, sumHead(frame)));
  const bytes = new Uint8Array(frame.bytes);
  bytes.set(own.subarray(0, headBytes), 0);
  bytes.set(payload, headBytes);
  bytes.set(own.subarray(headBytes), headBytes + payload.length);
  return bytes;
}
