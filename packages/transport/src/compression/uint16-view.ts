import { TransportError } from '../errors.js';

/**
 * Bytes as 16-bit words: a view of the same memory, no copy.
 *
 * @throws {TransportError} `misaligned` when their place or their length is odd
 * @example asUint16(payload)[0]
 */
export function asUint16(bytes: Uint8Array): Uint16Array {
  if (bytes.byteOffset % 2 !== 0 || bytes.byteLength % 2 !== 0) {
    throw new TransportError(
      'misaligned',
      `16-bit words: an even offset and length expected, got ${bytes.byteOffset} and ${bytes.byteLength}`,
    );
  }
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
}
