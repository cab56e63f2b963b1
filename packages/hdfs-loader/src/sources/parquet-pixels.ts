import type { SchemaTree } from 'hyparquet';
import { LoaderError } from '../errors.js';

/** Where the pixels of a row are: in one column of lists, vectors or encoded images, or in many columns of numbers. */
export type PixelColumns =
  | { readonly kind: 'list' | 'vector' | 'image'; readonly column: string }
  | { readonly kind: 'numbers'; readonly columns: readonly string[] };

const NUMBERS: ReadonlySet<string> = new Set(['BOOLEAN', 'INT32', 'INT64', 'FLOAT', 'DOUBLE']);

/** Of a row: a damaged size must not take all memory. */
const MAX_VALUES = 1 << 26;

const isText = ({ element }: SchemaTree): boolean =>
  element.converted_type === 'UTF8' || element.logical_type?.type === 'STRING';

function kindOf(column: SchemaTree): 'list' | 'vector' | 'image' | 'number' | 'other' {
  const { element, children } = column;
  const inside = new Set(children.map((child) => child.element.name));
  if (element.converted_type === 'LIST' || element.logical_type?.type === 'LIST') return 'list';
  if (element.type !== undefined && element.repetition_type === 'REPEATED') return 'list';
  // Spark ML's VectorUDT; Hugging Face's Image.
  if (['type', 'size', 'indices', 'values'].every((name) => inside.has(name))) return 'vector';
  if (inside.has('bytes')) return 'image';
  if (element.type === 'BYTE_ARRAY' && !isText(column)) return 'image';
  return element.type !== undefined && NUMBERS.has(element.type) ? 'number' : 'other';
}

/**
 * Finds the pixels among the columns of a file.
 *
 * @param columns all but the label's
 * @param where the file, for messages
 * @throws LoaderError INVALID_SOURCE when there are none, or more than one column that could be
 */
export function pixelColumns(columns: readonly SchemaTree[], where: string): PixelColumns {
  const named = columns.map((column) => ({ name: column.element.name, kind: kindOf(column) }));
  const whole = named.filter(({ kind }) => kind === 'list' || kind === 'vector' || kind === 'image');
  const [first, second] = whole;
  if (first && second) {
    const names = whole.map(({ name }) => name).join(', ');
    throw new LoaderError('INVALID_SOURCE', `${where}: expected one column of pixels, got ${names}`);
  }
  if (first) return { kind: first.kind as 'list' | 'vector' | 'image', column: first.name };
  const other = named.find(({ kind }) => kind === 'other');
  if (named.length === 0 || other) {
    const message = `${where}: expected a column of lists, vectors or images, or numbers only, got ${other ? `column ${other.name}` : 'no column but the label'}`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  return { kind: 'numbers', columns: named.map(({ name }) => name) };
}

/** What Spark ML stores of a vector. */
interface SparkVector {
  /** 0: sparse, 1: dense. */
  readonly type: number;
  readonly size?: number | null;
  readonly indices?: ArrayLike<number> | null;
  readonly values?: ArrayLike<number> | null;
}

/** The values of a row, or null where it is none of the kind. A sparse vector becomes a whole one. */
export function valuesOf(kind: 'list' | 'vector', cell: unknown): ArrayLike<unknown> | null {
  if (kind === 'list') return Array.isArray(cell) || ArrayBuffer.isView(cell) ? (cell as unknown as unknown[]) : null;
  if (typeof cell !== 'object' || cell === null) return null;
  const { type, size, indices, values } = cell as SparkVector;
  if (!values) return null;
  if (type === 1) return values;
  if (type !== 0 || !indices || indices.length !== values.length) return null;
  if (!Number.isSafeInteger(size) || size! < 0 || size! > MAX_VALUES) return null;
  const whole = new Array<number>(size!).fill(0);
  for (let i = 0; i < indices.length; i++) {
    if (!(indices[i]! < whole.length)) return null;
    whole[indices[i]!] = values[i]!;
  }
  return whole;
}

/** A value as a pixel, or −1 where it is not a whole number of 0 to 255. */
export function pixelOf(value: unknown): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 255 ? number : -1;
}

/** The bytes of an encoded image in a cell, or null. */
export function imageBytesOf(cell: unknown): Uint8Array | null {
  if (cell instanceof Uint8Array) return cell;
  if (typeof cell !== 'object' || cell === null) return null;
  const { bytes } = cell as { bytes?: unknown };
  return bytes instanceof Uint8Array ? bytes : null;
}
