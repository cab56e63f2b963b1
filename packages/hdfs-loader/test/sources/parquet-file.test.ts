import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LoaderError } from '../../src/errors.js';
import { huggingFaceNames, openParquet, parsed, readLabels, rowGroups } from '../../src/sources/parquet-file.js';
import { TableLabels } from '../../src/sources/table-labels.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { COLUMNS, writeParquet } from '../parquet-table.js';
import { scratchFolder } from '../scratch-folder.js';

function open(huggingface?: string, column?: string) {
  const path = join(scratchFolder(), 'a.parquet');
  const columns = [
    { name: 'class', data: ['x', 'y', 'x', 'z', 'y'], schema: COLUMNS.text('class') },
    { name: 'p', data: [1n, 2n, 3n, 4n, 5n], schema: COLUMNS.int('p') },
  ];
  const kvMetadata = huggingface === undefined ? [] : [{ key: 'huggingface', value: huggingface }];
  writeParquet(path, columns, { rowGroupSize: 2, kvMetadata });
  const file = { path, length: statSync(path).size, modifiedMs: 0, subset: null };
  return openParquet(fileStorage(), file, { column });
}

describe('openParquet', () => {
  it('takes the label’s column by its index', async () => {
    expect(await open(undefined, '0')).toMatchObject({ labelColumn: 'class' });
    await expect(open(undefined, '2')).rejects.toThrow(/expected a label column 2 \(--label-column\), got "class, p"$/);
  });

  it('refuses a damaged file, whatever byte is damaged, and leaves no rejection behind', async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', onUnhandled);
    onTestFinished(() => void process.off('unhandledRejection', onUnhandled));
    const spark = readFileSync(new URL('../fixtures/spark-arrays.parquet', import.meta.url));
    const path = join(scratchFolder(), 'damaged.parquet');
    for (let at = 4; at < spark.length; at++) {
      for (const value of [0x00, 0xff]) {
        const damaged = Buffer.from(spark);
        damaged[at] = value;
        writeFileSync(path, damaged);
        const file = { path, length: damaged.length, modifiedMs: 0, subset: null };
        try {
          await readLabels(await openParquet(fileStorage(), file, { column: undefined }), new TableLabels(), undefined);
        } catch (error) {
          expect(error).toBeInstanceOf(LoaderError);
        }
      }
    }
    expect(unhandled).toEqual([]);
  });

  it('finds label and pixels, the ranges of row groups, and labels', async () => {
    const file = await open();
    expect(file).toMatchObject({ labelColumn: 'class', pixels: { kind: 'numbers', columns: ['p'] } });
    expect([...rowGroups(file)].map(({ rowStart, rowEnd }) => [rowStart, rowEnd])).toEqual([
      [0, 2],
      [2, 4],
      [4, 5],
    ]);
    const labels = new TableLabels();
    await readLabels(file, labels, undefined);
    expect([...labels.finish().labels]).toEqual([0, 1, 0, 2, 1]);
  });
});

describe('huggingFaceNames', () => {
  it('takes the names of the label’s column, and nothing from what it does not know', async () => {
    const names = async (text?: string) => huggingFaceNames(await open(text));
    expect(await names(JSON.stringify({ info: { features: { class: { names: ['x', 'y', 'z'] } } } }))).toEqual([
      'x',
      'y',
      'z',
    ]);
    for (const text of [
      undefined,
      'no JSON',
      '{}',
      'null',
      JSON.stringify({ info: { features: { class: { names: [1] } } } }),
    ]) {
      expect(await names(text)).toBeUndefined();
    }
  });
});

describe('parsed', () => {
  it('makes errors ours, but those that are, or that a signal gave', async () => {
    const ours = new LoaderError('TRUNCATED', 'x');
    await expect(parsed('f', () => Promise.reject(ours))).rejects.toBe(ours);
    const aborted = new DOMException('stop', 'AbortError');
    await expect(parsed('f', () => Promise.reject(aborted))).rejects.toBe(aborted);
    await expect(parsed('f', () => Promise.reject(new Error('bad')))).rejects.toThrow(
      'f: cannot read the Parquet file: bad',
    );
  });
});
