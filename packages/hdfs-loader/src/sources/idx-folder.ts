import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { fileError, LoaderError } from '../errors.js';
import type { Samples } from '../samples.js';
import { type IdxImages, parseIdxImages, parseIdxLabels } from './idx.js';
import { fashionMnistLabelNames, type Source } from './source.js';

const gunzipAsync = promisify(gunzip);
// 1 GiB: 22 times the largest official file. A small damaged file must not take all memory.
const MAX_UNPACKED_BYTES = 2 ** 30;
const SIDE = 28;
const STEMS = {
  trainImages: 'train-images',
  trainLabels: 'train-labels',
  testImages: 't10k-images',
  testLabels: 't10k-labels',
};
type Part = keyof typeof STEMS;

/**
 * The official four files of Fashion-MNIST (or of any data set in MNIST's form) in a folder: `train-images-idx3-ubyte`,
 * `train-labels-idx1-ubyte` and the same with `t10k`; `.` for the second `-`, and `.gz`, are accepted. A gzipped file is
 * known by its content.
 *
 * @param options name and class names, those of Fashion-MNIST where not given
 * @returns a source whose load() throws LoaderError NOT_FOUND, TRUNCATED, INVALID_SOURCE, IO, naming file and byte or row
 * @see Xiao, Rasul, Vollgraf: Fashion-MNIST, arXiv:1708.07747
 * @example const manifest = await writeDataset(idxFolder('downloads/fashion-mnist'), 'data/fashion-mnist');
 */
export function idxFolder(dir: string, options: { name?: string; labelNames?: readonly string[] } = {}): Source {
  const { name = 'fashion-mnist', labelNames = fashionMnistLabelNames } = options;
  return {
    name,
    split: 'official',
    note: 'The official split: training images from the train files, test images from the t10k files.',
    inputShape: [SIDE, SIDE, 1],
    labelNames,
    async fingerprint() {
      const hash = createHash('sha256').update('idx 1');
      for (const path of Object.values(await locate(dir))) hash.update(await read(path));
      return hash.digest('hex');
    },
    async load({ onProgress, signal } = {}) {
      const paths = await locate(dir);
      let done = 0;
      const next = async (part: Part) => {
        signal?.throwIfAborted();
        const bytes = await readUnpacked(paths[part]);
        onProgress?.({ stage: 'read', done: ++done, total: 4 });
        return bytes;
      };
      const subset = async (images: Part, labels: Part): Promise<Samples> => {
        const pictures = parseIdxImages(await next(images), paths[images]);
        const classes = parseIdxLabels(await next(labels), paths[labels], labelNames.length);
        assertFits(pictures, paths[images], classes.length, paths[labels]);
        const { pixels, count } = pictures;
        return { inputs: pixels, labels: Uint16Array.from(classes), count, features: SIDE * SIDE };
      };
      return { train: await subset('trainImages', 'trainLabels'), test: await subset('testImages', 'testLabels') };
    },
  };
}

function assertFits(images: IdxImages, imagesPath: string, labels: number, labelsPath: string): void {
  const { count, rows, columns } = images;
  if (rows !== SIDE || columns !== SIDE) {
    const message = `${imagesPath}: byte 8: expected images of ${SIDE} × ${SIDE}, got ${rows} × ${columns}`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
  if (labels !== count) {
    const message = `${labelsPath}: expected ${count} labels, as many as images in ${imagesPath}, got ${labels}`;
    throw new LoaderError('INVALID_SOURCE', message);
  }
}

async function locate(dir: string): Promise<Record<Part, string>> {
  let names: Set<string>;
  try {
    names = new Set(await readdir(dir));
  } catch (cause) {
    throw fileError('read', dir, cause);
  }
  const find = (part: Part): string => {
    const stem = STEMS[part];
    const suffix = stem.endsWith('images') ? 'idx3-ubyte' : 'idx1-ubyte';
    const candidates = [`${stem}-${suffix}`, `${stem}.${suffix}`].flatMap((file) => [file, `${file}.gz`]);
    const found = candidates.find((file) => names.has(file));
    if (found === undefined) {
      throw new LoaderError('NOT_FOUND', `${dir}: expected one of ${candidates.join(', ')}`);
    }
    return join(dir, found);
  };
  return {
    trainImages: find('trainImages'),
    trainLabels: find('trainLabels'),
    testImages: find('testImages'),
    testLabels: find('testLabels'),
  };
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw fileError('read', path, cause);
  }
}

async function readUnpacked(path: string): Promise<Buffer> {
  const bytes = await read(path);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await gunzipAsync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code === 'Z_BUF_ERROR' ? 'TRUNCATED' : 'INVALID_SOURCE';
    const message = `${path}: cannot unpack its ${bytes.length} gzip bytes: ${(cause as Error).message}`;
    throw new LoaderError(code, message, { cause });
  }
}
