import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { LoaderError } from '../errors.js';
import type { Samples } from '../samples.js';
import { fileStorage } from '../storage/file-storage.js';
import type { CallOptions, Storage } from '../storage/storage.js';
import { type IdxImages, imagesHeaderBytes, parseIdxImages, parseIdxLabels, requireIdxBytes } from './idx.js';
import { fashionMnistLabelNames, type OpenOptions, type OpenSource, type Source, type SubsetName } from './source.js';
import { unpacked, unpackedWhole } from './unpacked.js';

const MAX_LABELS_BYTES = 1 << 28;
const MAX_FEATURES = 1 << 26;
const BATCH_BYTES = 1 << 20;
const STEMS: Readonly<Record<SubsetName, string>> = { train: 'train', test: 't10k' };
const FILES = 4;

/** How IDX files are read. */
export interface IdxOptions {
  readonly name?: string | undefined;
  /** Those of Fashion-MNIST where not given. */
  readonly labelNames?: readonly string[] | undefined;
  /** Where the folder is. Default: this machine's files. */
  readonly storage?: Storage | undefined;
}

interface Subset {
  readonly path: string;
  readonly images: IdxImages;
  readonly labels: Uint16Array;
  /** A plain file can be entered anywhere; a gzipped one is unpacked from its start. */
  readonly packed: boolean;
}

/**
 * The official four files of Fashion-MNIST (or of any data set in MNIST's form, whatever the size of its images) in a folder:
 * `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the same with `t10k`; `.` for the second `-`, and `.gz`, are
 * accepted. A gzipped file is known by its content.
 *
 * @returns a source that throws LoaderError NOT_FOUND, TRUNCATED, INVALID_SOURCE, IO, naming file and byte or row
 * @see Xiao, Rasul, Vollgraf: Fashion-MNIST, arXiv:1708.07747
 * @example const manifest = await writeDataset(idxFolder('downloads/fashion-mnist'), 'data/fashion-mnist');
 */
export function idxFolder(dir: string, options: IdxOptions = {}): Source {
  const storage = options.storage ?? fileStorage();
  const path = options.storage ? dir : resolve(dir);
  return { open: (o) => open(storage, path, { ...options, ...o }), close: () => storage.close() };
}

/** Whether a folder of these names looks like one of IDX files. */
export const isIdxFolder = (names: ReadonlySet<string>): boolean =>
  candidates('train', 'labels').some((file) => names.has(file));

async function open(storage: Storage, dir: string, options: IdxOptions & OpenOptions): Promise<OpenSource> {
  const { name = 'fashion-mnist', labelNames = fashionMnistLabelNames, signal, onProgress } = options;
  const names = new Set<string>();
  for await (const entry of storage.list(dir, { signal })) names.add(entry.name);
  // All four are looked for before one is read.
  const paths = (['train', 'test'] as const).map((subset) => ({
    subset,
    images: find(dir, names, candidates(subset, 'images')),
    labels: find(dir, names, candidates(subset, 'labels')),
  }));
  let files = 0;
  const onRead = (): void => onProgress?.({ stage: 'read', done: ++files, total: FILES });
  const hash = createHash('sha256').update(`idx 2 ${JSON.stringify(labelNames)}`);
  const subsets: Partial<Record<SubsetName, Subset>> = {};
  for (const { subset, images, labels } of paths) {
    for (const path of [images, labels])
      for await (const piece of storage.read(path, { signal, reuse: true })) hash.update(piece);
    subsets[subset] = await openSubset(storage, { images, labels, classes: labelNames.length }, signal);
    onRead();
  }
  const { train, test } = subsets as Record<SubsetName, Subset>;
  const [side, other] = [train, test].map(({ images }) => `${images.rows} × ${images.columns}`);
  if (side !== other) {
    throw new LoaderError('INVALID_SOURCE', `${test.path}: byte 8: expected images of ${side}, got ${other}`);
  }
  const of = { train, test };
  return {
    name,
    split: 'official',
    note: 'The official split: training images from the train files, test images from the t10k files.',
    inputShape: [train.images.rows, train.images.columns, 1],
    labelNames,
    fingerprint: hash.digest('hex'),
    samples: (subset) => of[subset].images.count,
    read: (subset, o = {}) => read(storage, of[subset], { start: o.start ?? 0, signal: o.signal, onRead }),
    remarks: () => Promise.resolve([]),
  };
}

function candidates(subset: SubsetName, part: 'images' | 'labels'): string[] {
  const stem = `${STEMS[subset]}-${part}`;
  const suffix = part === 'images' ? 'idx3-ubyte' : 'idx1-ubyte';
  return [`${stem}-${suffix}`, `${stem}.${suffix}`].flatMap((file) => [file, `${file}.gz`]);
}

function find(dir: string, names: ReadonlySet<string>, files: readonly string[]): string {
  const found = files.find((file) => names.has(file));
  if (found === undefined) throw new LoaderError('NOT_FOUND', `${dir}: expected one of ${files.join(', ')}`);
  return `${dir}/${found}`;
}

async function openSubset(
  storage: Storage,
  o: { images: string; labels: string; classes: number },
  signal: AbortSignal | undefined,
): Promise<Subset> {
  const { length } = await storage.stat(o.images, { signal });
  const magic = new Uint8Array(Math.min(2, length));
  if (length > 0) await storage.readInto(o.images, magic, { signal });
  const packed = magic[0] === 0x1f && magic[1] === 0x8b;
  const header = await firstBytes(storage, o.images, { bytes: imagesHeaderBytes, signal });
  const images = parseIdxImages(header, o.images);
  if (!packed) requireIdxBytes(images, length, o.images);
  if (images.rows * images.columns > MAX_FEATURES) {
    const message = `${o.images}: byte 8: expected images of at most ${MAX_FEATURES} pixels, got ${images.rows} × ${images.columns}`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  const bytes = await unpackedWhole(storage, o.labels, { maxBytes: MAX_LABELS_BYTES, signal });
  const labels = parseIdxLabels(bytes, o.labels, o.classes);
  if (labels.length !== images.count) {
    const message = `${o.labels}: expected ${images.count} labels, as many as images in ${o.images}, got ${labels.length}`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  return { path: o.images, images, labels: Uint16Array.from(labels), packed };
}

async function firstBytes(storage: Storage, path: string, o: CallOptions & { bytes: number }): Promise<Uint8Array> {
  let first = Buffer.alloc(0);
  for await (const piece of unpacked(storage, path, { signal: o.signal })) {
    first = Buffer.concat([first, piece.subarray(0, o.bytes - first.length)]);
    if (first.length === o.bytes) break;
  }
  return first;
}

async function* read(
  storage: Storage,
  { path, images, labels, packed }: Subset,
  o: { start: number; signal: AbortSignal | undefined; onRead: () => void },
): AsyncGenerator<Samples> {
  const features = images.rows * images.columns;
  const batchRows = Math.max(1, Math.floor(BATCH_BYTES / features));
  let offset = imagesHeaderBytes + o.start * features;
  const pieces = packed
    ? unpacked(storage, path, { signal: o.signal })
    : storage.read(path, { offset, signal: o.signal });
  let skip = packed ? offset : 0;
  let row = o.start;
  const rowsOf = (at: number): number => Math.min(batchRows, images.count - at);
  let batch = new Uint8Array(rowsOf(row) * features);
  let filled = 0;
  for await (const piece of pieces) {
    let at = Math.min(skip, piece.length);
    skip -= at;
    while (at < piece.length) {
      if (row === images.count) requireIdxBytes(images, offset + piece.length - at, path);
      const take = Math.min(piece.length - at, batch.length - filled);
      batch.set(piece.subarray(at, at + take), filled);
      at += take;
      filled += take;
      offset += take;
      if (filled < batch.length) continue;
      const count = batch.length / features;
      yield { inputs: batch, labels: labels.subarray(row, row + count), count, features };
      row += count;
      filled = 0;
      if (rowsOf(row) * features !== batch.length) batch = new Uint8Array(rowsOf(row) * features);
    }
  }
  if (offset !== images.fileBytes) requireIdxBytes(images, offset - skip, path);
  o.onRead();
}
