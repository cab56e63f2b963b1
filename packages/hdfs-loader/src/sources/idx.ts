import { LoaderError } from '../errors.js';

// images = 0x00000803:u32 count:u32 rows:u32 columns:u32 { pixel:u8 }     big-endian
// labels = 0x00000801:u32 count:u32 { label:u8 }
// See LeCun, Cortes, Burges: The MNIST database, "File formats".

/** Images of an IDX file, row-major. */
export interface IdxImages {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  /** count × rows × columns, a view of the file's bytes. */
  readonly pixels: Uint8Array;
}

/**
 * Parses an IDX file of images.
 *
 * @param where the file, for messages
 * @throws LoaderError TRUNCATED, INVALID_SOURCE
 */
export function parseIdxImages(bytes: Uint8Array, where: string): IdxImages {
  const [count, rows, columns] = parseIdx(bytes, { where, dimensions: 3, what: 'images' }) as [number, number, number];
  return { count, rows, columns, pixels: bytes.subarray(16) };
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
  parseIdx(bytes, { where, dimensions: 1, what: 'labels' });
  const labels = bytes.subarray(8);
  const row = labels.findIndex((label) => label >= classes);
  if (row >= 0) {
    const message = `${where}: row ${row} (byte ${8 + row}): expected a label of 0 to ${classes - 1}, got ${labels[row]}`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  return labels;
}

function parseIdx(bytes: Uint8Array, of: { where: string; dimensions: 1 | 3; what: string }): number[] {
  const { where, dimensions, what } = of;
  const headerBytes = 4 + 4 * dimensions;
  if (bytes.length < headerBytes) {
    const message = `${where}: expected a header of ${headerBytes} bytes, the file ends at byte ${bytes.length}`;
    throw new LoaderError('TRUNCATED', message);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const magic = view.getUint32(0);
  const expected = 0x0800 + dimensions; // 08: unsigned bytes
  if (magic !== expected) {
    const message = `${where}: byte 0: expected the IDX magic ${hex(expected)} (${what}), got ${hex(magic)}`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const zero = sizes.indexOf(0);
  if (zero >= 0) {
    throw new LoaderError('INVALID_SOURCE', `${where}: byte ${4 + 4 * zero}: expected a size above 0, got 0`);
  }
  const expectedBytes = headerBytes + sizes.reduce((product, size) => product * size, 1);
  if (bytes.length !== expectedBytes) {
    const code = bytes.length < expectedBytes ? 'TRUNCATED' : 'INVALID_SOURCE';
    const message = `${where}: expected ${expectedBytes} bytes for ${sizes.join(' × ')} ${what}, got ${bytes.length}`;
    throw new LoaderError(code, message);
  }
  return sizes;
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, '0')}`;
}
