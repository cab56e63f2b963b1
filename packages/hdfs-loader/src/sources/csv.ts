import { createHash } from 'node:crypto';
import { LoaderError } from '../errors.js';
import type { Storage } from '../storage/storage.js';
import { shown } from './annotation-table.js';
import { csvLines, type Line } from './csv-lines.js';
import { csvField, csvFields, csvPixels } from './csv-row.js';
import type { OpenOptions, OpenSource, Source } from './source.js';
import { splitOptions } from './split.js';
import { hashTableFiles, listTableFiles, type TableFile } from './table-files.js';
import { labelColumnNames, TableLabels } from './table-labels.js';
import { type CountedFile, shapeOfRow, type TableOptions, type TableRows, tableSource } from './table-source.js';

export const isCsvName = (name: string): boolean => /\.csv(?:\.gz)?$/i.test(name);

/** What the first line of a file says. */
interface Form {
  readonly labelColumn: number;
  readonly columns: number;
  readonly hasHeader: boolean;
}

/**
 * CSV files of a label and pixels of 0 to 255 a row, as Kaggle's fashion-mnist_train.csv; with a header or without, gzipped or not.
 * Files with train and test in their names are the two subsets; of others a seeded share of each class is for testing. Labels are
 * read first, so every file is read twice.
 *
 * @param path a file, or a folder of *.csv
 * @returns a source that throws LoaderError INVALID_SOURCE, TRUNCATED, naming file, line and column
 * @example const source = csvTable(fileStorage(), '/data/kaggle', { labelNames: fashionMnistLabelNames });
 */
export function csvTable(storage: Storage, path: string, options: TableOptions = {}): Source {
  return { open: (o) => open(storage, path, { ...options, ...o }), close: () => storage.close() };
}

async function open(storage: Storage, path: string, options: TableOptions & OpenOptions): Promise<OpenSource> {
  const { signal, onProgress, name = 'images' } = options;
  const { testShare, seed } = splitOptions(options);
  const listed = await listTableFiles(storage, path, { isFile: isCsvName, what: '*.csv or *.csv.gz', signal });
  const labels = new TableLabels();
  const files: CountedFile[] = [];
  let columns = 0;
  for (const [i, file] of listed.entries()) {
    const before = labels.count;
    const form = await readLabels(storage, file, { options, labels });
    if (i > 0 && form.columns !== columns) {
      const message = `${file.path}: line 1: expected ${columns} columns, as ${listed[0]!.path} has, got ${form.columns}`;
      throw new LoaderError('INVALID_SOURCE', message);
    }
    columns = form.columns;
    files.push({
      rows: labels.count - before,
      subset: file.subset,
      read: (start, stop) => read(storage, file, { form, start, signal: stop }),
    });
    onProgress?.({ stage: 'read', done: i + 1, total: listed.length });
  }
  const inputShape = shapeOfRow(columns - 1, listed[0]!.path, options);
  const hash = createHash('sha256').update(JSON.stringify(['csv 1', options.labelColumn ?? null]));
  hashTableFiles(hash, path, listed);
  return tableSource({ name, inputShape, ...labels.finish(options.labelNames), files, hash, testShare, seed });
}

async function readLabels(
  storage: Storage,
  { path }: TableFile,
  { options, labels }: { options: TableOptions & OpenOptions; labels: TableLabels },
): Promise<Form> {
  let form: Form | null = null;
  for await (const lines of csvLines(storage, path, options.signal)) {
    for (const line of lines) {
      const where = (): string => `${path}: line ${line.number}`;
      if (form === null) {
        form = formOf(csvFields(line.bytes, where), where, options);
        if (form.hasHeader) continue;
      }
      labels.add(csvField(line.bytes, form.labelColumn, where), where);
    }
  }
  if (form === null) throw new LoaderError('INVALID_SOURCE', `${path}: expected rows of a label and pixels, got none`);
  return form;
}

function formOf(fields: readonly string[], where: () => string, { labelColumn }: TableOptions): Form {
  const refuse = (what: string): LoaderError => new LoaderError('INVALID_SOURCE', `${where()}: ${what}`);
  if (fields.length < 2) throw refuse(`expected a label and pixels, joined by commas, got ${fields.length} column`);
  // A label may be text; most of a row of pixels is not.
  const hasHeader = fields.filter((field) => /^\d+$/.test(field)).length < fields.length / 2;
  const form = { columns: fields.length, hasHeader };
  const byName = (name: string): number =>
    hasHeader ? fields.findIndex((field) => field.toLowerCase() === name.toLowerCase()) : -1;
  if (labelColumn === undefined) {
    const named = labelColumnNames.map(byName).find((index) => index >= 0);
    return { ...form, labelColumn: named ?? 0 };
  }
  const named = byName(labelColumn);
  const index = named < 0 && /^\d{1,6}$/.test(labelColumn) ? Number(labelColumn) : named;
  if (index < 0 || index >= fields.length) {
    const what = hasHeader ? `column ${shown(labelColumn)} among ${shown(fields.join(','))}` : 'a header line';
    throw refuse(`expected ${what}, or an index below ${fields.length}, for the label ${shown(labelColumn)}`);
  }
  return { ...form, labelColumn: index };
}

async function* read(
  storage: Storage,
  { path }: TableFile,
  o: { form: Form; start: number; signal: AbortSignal | undefined },
): AsyncGenerator<TableRows> {
  const { form, signal } = o;
  const features = form.columns - 1;
  let skip = o.start + (form.hasHeader ? 1 : 0);
  for await (const lines of csvLines(storage, path, signal)) {
    const wanted: readonly Line[] = lines.slice(Math.min(skip, lines.length));
    skip -= lines.length - wanted.length;
    if (wanted.length === 0) continue;
    const inputs = new Uint8Array(wanted.length * features);
    for (const [i, line] of wanted.entries()) {
      const into = inputs.subarray(i * features, (i + 1) * features);
      csvPixels(line.bytes, form.labelColumn, into, () => `${path}: line ${line.number}`);
    }
    yield { inputs, count: wanted.length };
  }
}
