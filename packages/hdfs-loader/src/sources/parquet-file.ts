import {
  type AsyncBuffer,
  type FileMetaData,
  type ParquetScan,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { LoaderError } from '../errors.js';
import type { Storage } from '../storage/storage.js';
import { shown } from './annotation-table.js';
import { type PixelColumns, pixelColumns } from './parquet-pixels.js';
import type { TableFile } from './table-files.js';
import { labelColumnNames, type TableLabels } from './table-labels.js';

/** A file whose footer is read. */
export interface OpenParquet {
  readonly path: string;
  readonly metadata: FileMetaData;
  readonly scan: ParquetScan;
  readonly labelColumn: string;
  readonly pixels: PixelColumns;
}

/** What hyparquet does, its errors made ours. */
export async function parsed<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    // A range outside of the file is its footer's mistake.
    const isOurs = cause instanceof LoaderError && cause.code !== 'INVALID_ARGUMENT';
    if (isOurs || (cause as Error).name === 'AbortError') throw cause;
    throw new LoaderError('INVALID_SOURCE', `${path}: cannot read the Parquet file: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * Reads the footer of a file, and finds its label and pixels among its columns.
 *
 * @throws LoaderError INVALID_SOURCE, naming the file
 */
export async function openParquet(
  storage: Storage,
  { path, length }: TableFile,
  options: { column: string | undefined; signal?: AbortSignal | undefined },
): Promise<OpenParquet> {
  const file: AsyncBuffer = {
    byteLength: length,
    slice(start, end = length) {
      const bytes = new Uint8Array(Math.max(0, end - start));
      const read = storage.readInto(path, bytes, { offset: start, signal: options.signal }).then(() => bytes.buffer);
      // hyparquet asks for several at a time, and looks at the first that fails.
      read.catch(() => {});
      return read;
    },
  };
  const metadata = await parsed(path, () => parquetMetadataAsync(file));
  const columns = await parsed(path, async () => parquetSchema(metadata).children);
  const names = columns.map(({ element }) => element.name);
  const { column: wanted } = options;
  const labelColumn =
    wanted === undefined
      ? labelColumnNames.find((name) => names.includes(name))
      : (names.find((name) => name === wanted) ?? (/^\d{1,6}$/.test(wanted) ? names[Number(wanted)] : undefined));
  if (labelColumn === undefined) {
    const what = wanted ?? labelColumnNames.join(', ');
    throw new LoaderError(
      'INVALID_SOURCE',
      `${path}: expected a label column ${what} (--label-column), got ${shown(names.join(', '))}`,
    );
  }
  const pixels = pixelColumns(
    columns.filter(({ element }) => element.name !== labelColumn),
    path,
  );
  // Untyped bytes are images, no text.
  const scan = await parsed(path, () => parquetScan({ file, metadata, compressors, utf8: false }));
  return { path, metadata, scan, labelColumn, pixels };
}

/** Rows [rowStart, rowEnd) of a file. */
export interface RowRange {
  readonly rowStart: number;
  readonly rowEnd: number;
}

/** Row groups as ranges of rows. */
export function* rowGroups({ metadata }: OpenParquet): Generator<RowRange> {
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(num_rows);
    if (rowEnd > rowStart) yield { rowStart, rowEnd };
    rowStart = rowEnd;
  }
}

/** Adds the labels of all rows. @throws LoaderError INVALID_SOURCE, naming file and row */
export async function readLabels(
  file: OpenParquet,
  labels: TableLabels,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { path, scan, labelColumn: column } = file;
  for (const { rowStart, rowEnd } of rowGroups(file)) {
    signal?.throwIfAborted();
    const cells = await parsed(path, () => scan.readColumn({ column, rowStart, rowEnd }));
    // Memory is taken for as many as there should be.
    if (cells.length !== rowEnd - rowStart) {
      const message = `${path}: row ${rowStart}: expected a group of ${rowEnd - rowStart} rows, got ${cells.length}`;
      throw new LoaderError('INVALID_SOURCE', message);
    }
    for (let i = 0; i < cells.length; i++) {
      const where = (): string => `${path}: row ${rowStart + i}, column ${column}`;
      const cell: unknown = cells[i];
      if (typeof cell === 'object' && cell !== null) {
        throw new LoaderError(
          'INVALID_SOURCE',
          `${where()}: expected a number or text, got ${shown(JSON.stringify(cell))}`,
        );
      }
      labels.add(cell === null || cell === undefined ? '' : String(cell), where);
    }
  }
}

/** Class names that Hugging Face's writer keeps: `huggingface` = { info: { features: { COLUMN: { names: [...], _type: 'ClassLabel' } } } } */
export function huggingFaceNames({ metadata, labelColumn }: OpenParquet): readonly string[] | undefined {
  const text = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as { info?: { features?: Record<string, { names?: unknown }> } };
    const names = value.info?.features?.[labelColumn]?.names;
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? (names as string[]) : undefined;
  } catch {
    return undefined;
  }
}
