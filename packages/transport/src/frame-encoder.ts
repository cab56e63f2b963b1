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

/** A frame ready to be written: its parts in order. */
export interface EncodedFrame {
  /** Prefix and padded header. */
  readonly head: Uint8Array;
  /** The caller's own memory. */
  readonly payload: Uint8Array;
  /** Checksum, or empty. */
  readonly tail: Uint8Array;
  /** Length of all parts. */
  readonly bytes: number;
}

export const CRC_BYTES = 8;
const EMPTY = new Uint8Array(0);

/**
 * Encodes a frame.
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
  const payload =
    view === undefined
      ? EMPTY
      : view instanceof Uint8Array
        ? view
        : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (payload.length > limits.maxPayloadBytes) {
    throw new TransportError(
      'limit',
      `frame payload: at most ${limits.maxPayloadBytes} bytes expected, got ${payload.length}`,
    );
  }
  const flags = crc ? FrameFlag.crc : 0;
  const head = new Uint8Array(PREFIX_BYTES + padded(packed.length));
  writePrefix(head, { kind, flags, term, headerBytes: packed.length, payloadBytes: payload.length, request });
  head.set(packed, PREFIX_BYTES);
  let tail = EMPTY;
  if (crc) {
    tail = new Uint8Array(CRC_BYTES);
    const sum = crc32c(payload, crc32c(head.subarray(PREFIX_BYTES)));
    new DataView(tail.buffer).setUint32(0, sum, true);
  }
  return { head, payload, tail, bytes: head.length + payload.length + tail.length };
}

/**
 * A frame's parts in one array: a copy, for tests and tools.
 *
 * @example frameBytes(encodeFrame({ kind: 16 })).length // 48
 */
export function frameBytes(frame: EncodedFrame): Uint8Array {
  const bytes = new Uint8Array(frame.bytes);
  bytes.set(frame.head, 0);
  bytes.set(frame.payload, frame.head.length);
  bytes.set(frame.tail, frame.head.length + frame.payload.length);
  return bytes;
}
