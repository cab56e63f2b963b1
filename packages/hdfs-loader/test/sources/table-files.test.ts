import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashTableFiles, listTableFiles } from '../../src/sources/table-files.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { writeFiles } from '../image-folder.js';
import { scratchFolder } from '../scratch-folder.js';

const list = async (names: readonly string[], inside = '') => {
  const dir = scratchFolder();
  writeFiles(dir, Object.fromEntries(names.map((name) => [name, 'x'])));
  const files = await listTableFiles(fileStorage(), join(dir, inside), {
    isFile: (name) => name.endsWith('.csv'),
    what: '*.csv',
    signal: undefined,
  });
  return files.map(({ path, subset }) => [path.slice(dir.length + 1), subset]);
};

describe('listTableFiles', () => {
  it('sorts files, and leaves out what Spark lays beside them', async () => {
    expect(
      await list(['part-1.csv', 'part-0.csv', '_SUCCESS', '.part-0.csv.crc', '_temporary.csv', 'notes.md']),
    ).toEqual([
      ['part-0.csv', null],
      ['part-1.csv', null],
    ]);
  });

  it('knows the subsets by names and by folders', async () => {
    expect(await list(['fashion-mnist_train.csv', 'fashion-mnist_test.csv'])).toEqual([
      ['fashion-mnist_test.csv', 'test'],
      ['fashion-mnist_train.csv', 'train'],
    ]);
    expect(await list(['data/train-00000-of-00001.csv', 'data/test-0.csv', 'data/validation-0.csv'])).toEqual([
      ['data/test-0.csv', 'test'],
      ['data/train-00000-of-00001.csv', 'train'],
      ['data/validation-0.csv', 'train'],
    ]);
    expect(await list(['train/part-0.csv', 'test/part-0.csv'])).toEqual([
      ['test/part-0.csv', 'test'],
      ['train/part-0.csv', 'train'],
    ]);
    // Words within words, and one subset alone, say nothing.
    expect(await list(['contest.csv', 'training.csv'])).toEqual([
      ['contest.csv', null],
      ['training.csv', null],
    ]);
    expect(await list(['train.csv', 'b.csv'])).toEqual([
      ['b.csv', null],
      ['train.csv', null],
    ]);
  });

  it('takes one file as it is, and refuses none, and a mixture', async () => {
    expect(await list(['anything.csv'], 'anything.csv')).toEqual([['anything.csv', null]]);
    await expect(list(['a.txt'])).rejects.toThrow(/expected \*\.csv, got none/);
    await expect(list(['train.csv', 'test.csv', 'more.csv'])).rejects.toThrow(/more\.csv: expected train, val or test/);
  });
});

describe('hashTableFiles', () => {
  it('depends on names within the folder, lengths and times', () => {
    const digest = (path: string, length: number, modifiedMs: number) => {
      const hash = createHash('sha256');
      hashTableFiles(hash, '/a', [{ path, length, modifiedMs, subset: null }]);
      return hash.digest('hex');
    };
    const all = [digest('/a/x', 1, 1), digest('/a/y', 1, 1), digest('/a/x', 2, 1), digest('/a/x', 1, 2)];
    expect(new Set(all).size).toBe(4);
  });
});
