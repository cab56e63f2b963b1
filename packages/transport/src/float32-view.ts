import { TransportError } from './errors.js';

/**
 * A payload as float32: a view of the same memory, no copy.
 *
 * @throws {TransportError} `misaligned` when its place or its length is no multiple of 4
 * @example asFloat32(message.payload)[0]
 */
export function asFloat32(payload: Uint8Array): Float32Array {
  if (payload.byteOffset % 4 !== 0) {
    throw new TransportError(
      'misaligned',
      `float32 payload: an offset that 4 divides expected, got ${payload.byteOffset}`,
    );
  }
  if (payload.byteLength % 4 !== 0) {
    throw new TransportError(
      'misaligned',
      `float32 payload: a length that 4 divides expected, got ${payload.byteLength} bytes`,
    );
  }
  return new Float32Array(payload.buffer, payload.byteOffset, payload.byteLength / 4);
}
