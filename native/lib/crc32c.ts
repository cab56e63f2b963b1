/** CRC-32C (Castagnoli), the checksum of weft's frames: reflected polynomial 0x82F63B78, as in RFC 3720 appendix B.4. */

// Slicing by 8: TABLES[k][b] is the CRC of byte b followed by k zero bytes, so eight bytes take eight look-ups and no chain between them.
const TABLES: readonly Uint32Array[] = (() => {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256));
  for (let b = 0; b < 256; b++) {
    let c = b;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
    tables[0]![b] = c >>> 0;
  }
  for (let k = 1; k < 8; k++) {
    for (let b = 0; b < 256; b++) {
      const c = tables[k - 1]![b]!;
      tables[k]![b] = (c >>> 8) ^ tables[0]![c & 255]!;
    }
  }
  return tables;
})();
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/**
 * CRC-32C of bytes[start, end), as an unsigned 32-bit integer.
 *
 * @param bytes what is checked; by default all of it
 * @param previous the CRC of what came before, to go on from it: crc32c(b, crc32c(a)) is the CRC of a followed by b
 * @throws {RangeError} when 0 ≤ start ≤ end ≤ bytes.length does not hold
 * @example crc32c(new TextEncoder().encode('123456789')) // 0xe3069283
 */
export function crc32c(bytes: Uint8Array, previous = 0, start = 0, end = bytes.length): number {
  if (!(start >= 0 && start <= end && end <= bytes.length)) {
    throw new RangeError(`crc32c: a range within ${bytes.length} bytes expected, got ${start} to ${end}`);
  }
  let c = ~previous;
  let i = start;
  for (; i + 8 <= end; i += 8) {
    const low = c ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    c =
      T7[low & 255]! ^
      T6[(low >>> 8) & 255]! ^
      T5[(low >>> 16) & 255]! ^
      T4[low >>> 24]! ^
      T3[bytes[i + 4]!]! ^
      T2[bytes[i + 5]!]! ^
      T1[bytes[i + 6]!]! ^
      T0[bytes[i + 7]!]!;
  }
  for (; i < end; i++) c = (c >>> 8) ^ T0[(c ^ bytes[i]!) & 255]!;
  return ~c >>> 0;
}

/**
 * The first chunk of some bytes whose CRC-32C is not the one that came with them, as HDFS keeps one for every 512 bytes.
 *
 * @param chunkBytes of each chunk; the last may be shorter
 * @param sums four bytes a chunk, big-endian
 * @returns the chunk's index, or −1 where all are right
 * @throws {RangeError} when sums has not four bytes for each chunk
 * @example if (crc32cMismatch(data, 512, sums) !== -1) throw new Error('damaged on the way');
 */
export function crc32cMismatch(bytes: Uint8Array, chunkBytes: number, sums: Uint8Array): number {
  const chunks = Math.ceil(bytes.length / chunkBytes);
  if (!(chunkBytes > 0) || sums.length !== chunks * 4) {
    throw new RangeError(`crc32cMismatch: 4 bytes for each of ${chunks} chunks expected, got ${sums.length}`);
  }
  const expected = new DataView(sums.buffer, sums.byteOffset, sums.length);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const start = chunk * chunkBytes;
    const end = Math.min(bytes.length, start + chunkBytes);
    if (crc32c(bytes, 0, start, end) !== expected.getUint32(chunk * 4)) return chunk;
  }
  return -1;
}
