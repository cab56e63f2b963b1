import { createHash } from 'node:crypto';
import { LoaderError } from '../errors.js';
import { featureCount } from '../samples.js';
import type { Storage } from '../storage/storage.js';
import { shown } from './annotation-table.js';
import { decodeImage, type ImageForm, imageForm, jpegDecoder, requireImageOptions } from './image-decoder.js';
import { inOrder } from './in-order.js';
import {
  huggingFaceNames,
  type OpenParquet,
  openParquet,
  parsed,
  type RowRange,
  readLabels,
  rowGroups,
} from './parquet-file.js';
import { imageBytesOf, pixelOf, valuesOf } from './parquet-pixels.js';
import type { OpenOptions, OpenSource, Source } from './source.js';
import { splitOptions } from './split.js';
import { hashTableFiles, listTableFiles, type TableFile } from './table-files.js';
import { TableLabels } from './table-labels.js';
import { type CountedFile, shapeOfRow, type TableOptions, type TableRows, tableSource } from './table-source.js';

export const isParquetName = (name: string): boolean => /\.parquet$/i.test(name);

/** Images that are decoded at a time, and that are handed on together. */
const IN_FLIGHT = 8;
const BATCH_ROWS = 64;

/**
 * Parquet files with a column of labels (numbers or text) and the pixels in one column of lists, of Spark ML vectors (dense and
 * sparse), of encoded images (bytes, or Hugging Face's struct of bytes and path), or in many columns of numbers of 0 to 255. Files or
 * folders named train and test are the two subsets; of others a seeded share of each class is for testing. A row group is in memory.
 *
 * @param path a file, or a folder of *.parquet, as Spark writes it
 * @returns a source that throws LoaderError INVALID_SOURCE, naming file and row
 * @example const source = parquetTable(storage, '/user/spark/images.parquet');
 */
export function parquetTable(storage: Storage, path: string, options: TableOptions = {}): Source {
  return { open: (o) => open(storage, path, { ...options, ...o }), close: () => storage.close() };
}

async function open(storage: Storage, path: string, options: TableOptions & OpenOptions): Promise<OpenSource> {
  const { signal, onProgress, name = 'images' } = options;
  requireImageOptions(options);
  const { testShare, seed } = splitOptions(options);
  const listed = await listTableFiles(storage, path, { isFile: isParquetName, what: '*.parquet', signal });
  const labels = new TableLabels();
  const opened: { file: OpenParquet; rows: number; subset: TableFile['subset'] }[] = [];
  for (const [i, file] of listed.entries()) {
    signal?.throwIfAborted();
    const one = await openParquet(storage, file, { ...options, column: options.labelColumn });
    const before = labels.count;
    await readLabels(one, labels, signal);
    opened.push({ file: one, rows: labels.count - before, subset: file.subset });
    onProgress?.({ stage: 'read', done: i + 1, total: listed.length });
  }
  const first = opened.find(({ rows }) => rows > 0)?.file;
  if (!first) throw new LoaderError('INVALID_SOURCE', `${path}: expected rows, got none`);
  const form = await formOf(first, options);
  const files = opened.map(
    ({ file, rows, subset }): CountedFile => ({ rows, subset, read: (start, stop) => read(file, form, start, stop) }),
  );
  const hash = createHash('sha256').update(JSON.stringify(['parquet 2', options.labelColumn ?? null]));
  hash.update(JSON.stringify([form.image?.decidedBy === null, form.image && jpegDecoder()]));
  hashTableFiles(hash, path, listed);
  const labelNames = options.labelNames ?? huggingFaceNames(first);
  return tableSource({ name, inputShape: form.shape, ...labels.finish(labelNames), files, hash, testShare, seed });
}

/** What every row becomes. */
interface Form {
  readonly shape: readonly number[];
  /** Of encoded images. */
  readonly image: ImageForm | null;
}

/** Decided by the first row. */
async function formOf(file: OpenParquet, options: TableOptions): Promise<Form> {
  const { path, scan, pixels } = file;
  if (pixels.kind === 'numbers') return { shape: shapeOfRow(pixels.columns.length, path, options), image: null };
  const { column, kind } = pixels;
  const [cell] = await parsed(path, () => scan.readColumn({ column, rowStart: 0, rowEnd: 1 }));
  const where = `${path}: row 0, column ${column}`;
  if (kind !== 'image') {
    return { shape: shapeOfRow(requireValues(kind, cell, where).length, `${where}`, options), image: null };
  }
  if (options.onBadImage === 'skip') {
    const message = `${path}: onBadImage skip: expected folders of images or DeepFashion, got images in a table`;
    throw new LoaderError('INVALID_ARGUMENT', message);
  }
  const image = await imageForm(requireBytes(cell, where), where, options);
  return { shape: [image.height, image.width, image.channels], image };
}

const kindOf = (cell: unknown): string => ((cell ?? null) === null ? 'nothing' : typeof cell);

function requireValues(kind: 'list' | 'vector', cell: unknown, where: string): ArrayLike<unknown> {
  const values = valuesOf(kind, cell);
  if (values) return values;
  throw new LoaderError('INVALID_SOURCE', `${where}: expected a ${kind} of numbers, got ${kindOf(cell)}`);
}

function requireBytes(cell: unknown, where: string): Uint8Array {
  const bytes = imageBytesOf(cell);
  if (bytes) return bytes;
  throw new LoaderError('INVALID_SOURCE', `${where}: expected the bytes of an image, got ${kindOf(cell)}`);
}

async function* read(
  file: OpenParquet,
  form: Form,
  start: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<TableRows> {
  for (const group of rowGroups(file)) {
    if (group.rowEnd <= start) continue;
    signal?.throwIfAborted();
    const range = { rowStart: Math.max(start, group.rowStart), rowEnd: group.rowEnd };
    if (form.image) yield* imageRows(file, form.image, range);
    else yield await numberRows(file, form.shape, range);
  }
}

async function numberRows(
  { path, scan, pixels }: OpenParquet,
  shape: readonly number[],
  range: RowRange,
): Promise<TableRows> {
  const features = featureCount(shape);
  const count = range.rowEnd - range.rowStart;
  const inputs = new Uint8Array(count * features);
  const put = (row: number, value: number, of: { cell: unknown; column: string }): void => {
    const pixel = pixelOf(of.cell);
    if (pixel < 0) {
      const where = `${path}: row ${range.rowStart + row}, column ${of.column}`;
      const got = typeof of.cell === 'string' ? shown(of.cell) : String(of.cell);
      throw new LoaderError(
        'INVALID_SOURCE',
        `${where}, value ${value}: expected a whole number of 0 to 255, got ${got}`,
      );
    }
    inputs[row * features + value] = pixel;
  };
  if (pixels.kind === 'numbers') {
    for (const [value, column] of pixels.columns.entries()) {
      const cells = await parsed(path, () => scan.readColumn({ column, ...range }));
      for (let row = 0; row < count; row++) put(row, value, { cell: cells[row], column });
    }
    return { inputs, count };
  }
  const { column, kind } = pixels;
  const cells = await parsed(path, () => scan.readColumn({ column, ...range }));
  for (let row = 0; row < count; row++) {
    const where = `${path}: row ${range.rowStart + row}, column ${column}`;
    const values = requireValues(kind as 'list' | 'vector', cells[row], where);
    if (values.length !== features) {
      throw new LoaderError(
        'INVALID_SOURCE',
        `${where}: expected ${features} values, as row 0 has, got ${values.length}`,
      );
    }
    for (let value = 0; value < features; value++) put(row, value, { cell: values[value], column });
  }
  return { inputs, count };
}

async function* imageRows(
  { path, scan, pixels }: OpenParquet,
  form: ImageForm,
  range: RowRange,
): AsyncGenerator<TableRows> {
  const column = (pixels as { column: string }).column;
  const features = form.height * form.width * form.channels;
  const cells = await parsed(path, () => scan.readColumn({ column, ...range }));
  const rows = Array.from(cells, (cell: unknown, i) => ({
    cell,
    where: `${path}: row ${range.rowStart + i}, column ${column}`,
  }));
  const most = Math.min(rows.length, BATCH_ROWS);
  const inputs = new Uint8Array(most * features);
  let count = 0;
  for await (const pixelsOf of inOrder(rows, IN_FLIGHT, ({ cell, where }) => decodeRow(cell, where, form))) {
    inputs.set(pixelsOf, count * features);
    count += 1;
    if (count < most) continue;
    yield { inputs, count };
    count = 0;
  }
  if (count > 0) yield { inputs: inputs.subarray(0, count * features), count };
}

const decodeRow = async (cell: unknown, where: string, form: ImageForm): Promise<Uint8Array> =>
  decodeImage(requireBytes(cell, where), where, form);
