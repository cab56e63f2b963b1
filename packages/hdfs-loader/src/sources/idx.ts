import { LoaderError } from '../errors.js';

// images = 0x00000803:u32 count:u32 rows:u32 columns:u32 { pixel:u8 }     big-endian
// labels = 0x00000801:u32 count:u32 { label:u8 }
// See LeCun, Cortes, Burges: The MNIST database, "File formats".

/** Bytes before the pixels of an IDX file of images. */
export const imagesHeaderBytes = 16;

/** What an IDX file of images says of itself. */
export interface IdxImages {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  /** Of the whole file. */
  readonly fileBytes: number;
}

/**
 * Parses the header of an IDX file of images.
 *
 * @param bytes its first 16 bytes, or more; fewer when it ends there
 * @param where the file, for messages
 * @throws LoaderError TRUNCATED, INVALID_SOURCE
 */
export function parseIdxImages(bytes: Uint8Array, where: string): IdxImages {
  const [count, rows, columns] = parseHeader(bytes, { where, dimensions: 3 }) as [number, number, number];
  return { count, rows, columns, fileBytes: imagesHeaderBytes + count * rows * columns };
}

/**
 * That a file of images has the length that its header promises.
 *
 * @param gotBytes its length, or as much as is known to be there
 * @throws LoaderError TRUNCATED, INVALID_SOURCE
 */
export function requireIdxBytes(images: IdxImages, gotBytes: number, where: string): void {
  requireBytes([images.count, images.rows, images.columns], { where, gotBytes, headerBytes: imagesHeaderBytes });
}

/**
 * Parses an IDX file of labels.
 *
 * @param where the file, for messages
 * @param classes labels are 0 … classes − 1
 * @returns the labels, a view of the file's bytes
 * @throws LoaderError TRUNCATED, INVALID_SOURCE, naming row and byte of a label out of range
 */
export function parseIdxLabels(bytes: Uint8Array, where: string, classes: number): Uint8Array {
  const sizes = parseHeader(bytes, { where, dimensions: 1 });
  requireBytes(sizes, { where, gotBytes: bytes.length, headerBytes: 8 });
  const labels = bytes.subarray(8);
  const row = labels.findIndex((label) => label >= classes);
  if (row >= 0) {
    const message = `${where}: row ${row} (byte ${8 + row}): expected a label of 0 to ${classes - 1}, got ${labels[row]}`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  return labels;
}

const whatOf = (dimensions: number): string => (dimensions === 3 ? 'images' : 'labels');

function parseHeader(bytes: Uint8Array, of: { where: string; dimensions: 1 | 3 }): number[] {
  const { where, dimensions } = of;
  const headerBytes = 4 + 4 * dimensions;
  if (bytes.length < headerBytes) {
    const message = `${where}: expected a header of ${headerBytes} bytes, the file ends at byte ${bytes.length}`;
    throw new LoaderError('TRUNCATED', message);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const magic = view.getUint32(0);
  const expected = 0x0800 + dimensions; // 08: unsigned bytes
  if (magic !== expected) {
    const message = `${where}: byte 0: expected the IDX magic ${hex(expected)} (${whatOf(dimensions)}), got ${hex(magic)}`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const zero = sizes.indexOf(0);
  if (zero >= 0) {
    throw new LoaderError('INVALID_SOURCE', `${where}: byte ${4 + 4 * zero}: expected a size above 0, got 0`);
  }
  return sizes;
}

function requireBytes(sizes: readonly number[], o: { where: string; gotBytes: number; headerBytes: number }): void {
  const expected = o.headerBytes + sizes.reduce((product, size) => product * size, 1);
  if (o.gotBytes === expected) return;
  const what = whatOf(sizes.length);
  const message = `${o.where}: expected ${expected} bytes for ${sizes.join(' × ')} ${what}, got ${o.gotBytes}`;
  throw new LoaderError(o.gotBytes < expected ? 'TRUNCATED' : 'INVALID_SOURCE', message);
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}
