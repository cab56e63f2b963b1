import type { Hash } from 'node:crypto';
import { LoaderError } from '../errors.js';
import { featureCount, type Samples } from '../samples.js';
import type { ImageOptions } from './image-decoder.js';
import type { OpenSource, SubsetName } from './source.js';
import { type SplitOptions, stratifiedSplit } from './split.js';

/** How tables of numbers are read. imageSize and channels say what shape a row has. */
export interface TableOptions extends ImageOptions, SplitOptions {
  readonly name?: string | undefined;
  /** Name of the label's column, or its index from 0. Default: one called label or class; in CSV else the first. */
  readonly labelColumn?: string | undefined;
  /** Class names by index, where labels are numbers. */
  readonly labelNames?: readonly string[] | undefined;
}

/** Rows of a table as they come: pixels only, the labels are known. */
export interface TableRows {
  readonly inputs: Uint8Array;
  readonly count: number;
}

/** A file of a table whose rows are counted. */
export interface CountedFile {
  readonly rows: number;
  readonly subset: SubsetName | null;
  /** From a row of the file on, in order. */
  read(start: number, signal: AbortSignal | undefined): AsyncIterable<TableRows>;
}

/** A table whose labels have been read and whose pixels have not. */
export interface Table extends Pick<OpenSource, 'name' | 'inputShape' | 'labelNames'> {
  /** Of all rows, file after file. */
  readonly labels: Uint16Array;
  readonly files: readonly CountedFile[];
  /** Has taken in whatever decides the rows; takes in how they are cut. */
  readonly hash: Hash;
  readonly testShare: number;
  readonly seed: number;
}

/**
 * The shape of rows of numbers: what the options say, else a square image of one channel, else of three.
 *
 * @param where the file, for messages
 * @throws LoaderError INVALID_SOURCE
 */
export function shapeOfRow(features: number, where: string, { imageSize, channels }: ImageOptions): number[] {
  if (imageSize) {
    const { height, width } = imageSize;
    const depth = channels ?? features / (height * width);
    if ((depth === 1 || depth === 3) && height * width * depth === features) return [height, width, depth];
    const message = `${where}: expected ${height} × ${width} × ${channels ?? '1 or 3'} values a row, got ${features}`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  for (const depth of channels === undefined ? [1, 3] : [channels]) {
    const side = Math.sqrt(features / depth);
    if (Number.isInteger(side)) return [side, side, depth];
  }
  const message = `${where}: expected the values of a square image a row, got ${features}: --image-size says what they are`;
  throw new LoaderError('INVALID_SOURCE', message);
}

/** A table as a source: its rows in their order, cut by its files or by a seeded share of each class. */
export function tableSource(table: Table): OpenSource {
  const { name, inputShape, labelNames, labels, files, hash, testShare, seed } = table;
  const isSplit = files.some(({ subset }) => subset !== null);
  const isTest = new Uint8Array(labels.length);
  let row = 0;
  for (const { rows, subset } of files) {
    if (subset === 'test') isTest.fill(1, row, row + rows);
    row += rows;
  }
  if (!isSplit) for (const test of stratifiedSplit(labels, { testShare, seed }).test) isTest[test] = 1;
  const testRows = isTest.reduce((sum, flag) => sum + flag, 0);
  const counts = { train: labels.length - testRows, test: testRows };
  hash.update(JSON.stringify(['table 1', inputShape, labelNames, isSplit || [testShare, seed]]));
  return {
    name,
    split: isSplit ? 'files' : 'seeded',
    note: isSplit
      ? 'Training and test rows as the names of their files say; those of validation files are trained on.'
      : `Of each class, ${testShare * 100} % are test rows, drawn with seed ${seed}.`,
    inputShape,
    labelNames,
    fingerprint: hash.digest('hex'),
    samples: (subset) => counts[subset],
    read: (subset, { start = 0, signal } = {}) => {
      const flag = subset === 'test' ? 1 : 0;
      return readRows(table, { isTest, flag, first: rowOf(isTest, flag, start), signal });
    },
    remarks: () => Promise.resolve([]),
  };
}

/** The row of the table that is the n-th with a flag. */
function rowOf(isTest: Uint8Array, flag: number, n: number): number {
  let left = n;
  for (let row = 0; row < isTest.length; row++) if (isTest[row] === flag && left-- === 0) return row;
  return isTest.length;
}

async function* readRows(
  { files, labels, inputShape }: Table,
  o: { isTest: Uint8Array; flag: number; first: number; signal: AbortSignal | undefined },
): AsyncGenerator<Samples> {
  const { isTest, flag, first, signal } = o;
  const features = featureCount(inputShape);
  let fileStart = 0;
  for (const file of files) {
    const [start, end] = [fileStart, fileStart + file.rows];
    fileStart = end;
    const last = isTest.lastIndexOf(flag, end - 1);
    const from = Math.max(start, first);
    if (from >= end || last < from) continue;
    let row = from;
    for await (const { inputs, count } of file.read(from - start, signal)) {
      signal?.throwIfAborted();
      const chosen = pick(inputs, { labels, isTest, flag, row, count, features });
      row += count;
      if (chosen.count > 0) yield chosen;
      if (row > last) break;
    }
  }
}

function pick(
  inputs: Uint8Array,
  o: { labels: Uint16Array; isTest: Uint8Array; flag: number; row: number; count: number; features: number },
): Samples {
  const { labels, isTest, flag, row, count, features } = o;
  const chosen: number[] = [];
  for (let i = 0; i < count; i++) if (isTest[row + i] === flag) chosen.push(i);
  if (chosen.length === count) return { inputs, labels: labels.subarray(row, row + count), count, features };
  const into = new Uint8Array(chosen.length * features);
  for (const [at, i] of chosen.entries()) into.set(inputs.subarray(i * features, (i + 1) * features), at * features);
  return { inputs: into, labels: Uint16Array.from(chosen, (i) => labels[row + i]!), count: chosen.length, features };
}
