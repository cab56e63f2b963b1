import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { csvTable, isCsvName } from '../../src/sources/csv.js';
import type { TableOptions } from '../../src/sources/table-source.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { writeFiles } from '../image-folder.js';
import { readSource, readSubset } from '../read-source.js';
import { scratchFolder } from '../scratch-folder.js';

const HEADER = 'label,pixel1,pixel2,pixel3,pixel4';
const rowsOf = (count: number, first = 0) =>
  Array.from({ length: count }, (_, i) => `${(first + i) % 3},${first + i},0,0,255`).join('\n');

function folder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const dir = scratchFolder();
  writeFiles(dir, files);
  return dir;
}
const read = (files: Readonly<Record<string, string | Uint8Array>>, options: TableOptions = {}, inside = '') =>
  readSource(csvTable(fileStorage(), join(folder(files), inside), options));

describe('csvTable', () => {
  it("reads Kaggle's form: a header, the label first, train and test by name", async () => {
    const files = {
      'x_train.csv': `${HEADER}\n${rowsOf(30)}\n`,
      'x_test.csv.gz': gzipSync(`${HEADER}\n${rowsOf(6, 100)}\n`),
    };
    const { opened, train, test } = await read(files, { name: 'mine' });
    expect(opened).toMatchObject({ name: 'mine', split: 'files', inputShape: [2, 2, 1], labelNames: ['0', '1', '2'] });
    expect([...train.labels.subarray(0, 4)]).toEqual([0, 1, 2, 0]);
    expect([...train.inputs.subarray(4, 8)]).toEqual([1, 0, 0, 255]);
    expect([test.count, test.inputs[0]]).toEqual([6, 100]);
  });

  it('begins at any row', async () => {
    const dir = folder({ 'a.csv': `${HEADER}\n${rowsOf(50)}`, 'b.csv': rowsOf(50, 50) });
    const opened = await csvTable(fileStorage(), dir, { testShare: 0 }).open();
    for (const start of [0, 1, 49, 50, 99, 100]) {
      const { inputs } = await readSubset(opened, 'train', start);
      expect([...inputs.filter((_, i) => i % 4 === 0)]).toEqual(
        Array.from({ length: 100 - start }, (_, i) => start + i),
      );
    }
  });

  it('takes text for labels, at the end, without a header, and one file', async () => {
    const text = Array.from({ length: 20 }, (_, i) => `${i},1,2,3,"${i % 2 ? 'boot' : 'bag, small'}"`).join('\r\n');
    const { opened, train, test } = await read({ 'all.csv': text }, { labelColumn: '4' }, 'all.csv');
    expect(opened).toMatchObject({ split: 'seeded', labelNames: ['bag, small', 'boot'] });
    expect([train.count, test.count]).toEqual([18, 2]);
  });

  it('takes the label by name, and class names by index', async () => {
    const options = { labelColumn: 'Kind', labelNames: ['a', 'b', 'c'], testShare: 0 };
    const { opened, train } = await read({ 'a.csv': 'p1,p2,kind,p3,p4\n1,2,2,3,4\n5,6,0,7,8' }, options);
    expect(opened.labelNames).toEqual(['a', 'b', 'c']);
    expect([[...train.labels], [...train.inputs]]).toEqual([
      [2, 0],
      [1, 2, 3, 4, 5, 6, 7, 8],
    ]);
  });

  it('has a fingerprint of the files and the options', async () => {
    const dir = folder({ 'a.csv': rowsOf(20) });
    const print = async (options: TableOptions = {}) =>
      (await csvTable(fileStorage(), dir, options).open()).fingerprint;
    const all = [{}, { seed: 2 }, { testShare: 0.5 }, { labelColumn: '1' }, { labelNames: ['a', 'b', 'c'] }];
    expect(new Set(await Promise.all(all.map(print))).size).toBe(5);
    const before = await print();
    expect(await print()).toBe(before);
    writeFiles(dir, { 'a.csv': rowsOf(21) });
    expect(await print()).not.toBe(before);
  });

  it.each<[string, Record<string, string | Uint8Array>, TableOptions, RegExp]>([
    ['a folder without CSV', { 'a.txt': '' }, {}, /expected \*\.csv or \*\.csv\.gz, got none/],
    ['an empty file', { 'a.csv': '' }, {}, /a\.csv: expected rows of a label and pixels, got none/],
    ['one column', { 'a.csv': '1\n2\n' }, {}, /a\.csv: line 1: expected a label and pixels/],
    [
      'columns that are no square',
      { 'a.csv': '1,2,3\n' },
      {},
      /a\.csv: expected the values of a square image a row, got 2/,
    ],
    [
      'a label column that is not there',
      { 'a.csv': `${HEADER}\n${rowsOf(2)}` },
      { labelColumn: 'y' },
      /line 1: expected column "y" among/,
    ],
    ['an index beyond the columns', { 'a.csv': rowsOf(2) }, { labelColumn: '5' }, /or an index below 5/],
    ['a row without label', { 'a.csv': `${rowsOf(2)}\n,1,2,3,4` }, {}, /a\.csv: line 3: expected a label, got nothing/],
    [
      'a pixel of 256',
      { 'a.csv': `${HEADER}\n${rowsOf(2)}\n1,2,256,3,4` },
      {},
      /a\.csv: line 4, column 3: .*got "256"/,
    ],
    ['a short row', { 'a.csv': `${rowsOf(2)}\n1,2,3` }, {}, /a\.csv: line 3: expected 5 columns, got 3/],
    [
      'files of different widths',
      { 'a.csv': rowsOf(2), 'b.csv': '1,2,3' },
      {},
      /b\.csv: line 1: expected 5 columns, as .*a\.csv has, got 3/,
    ],
    [
      'a truncated gzip file',
      { 'a.csv.gz': gzipSync(rowsOf(2000)).subarray(0, 200) },
      {},
      /a\.csv\.gz: cannot unpack its 200 gzip bytes/,
    ],
  ])('refuses %s', async (_, files, options, message) => {
    await expect(read(files, options)).rejects.toThrow(message);
  });

  it('stops at a signal', async () => {
    const source = csvTable(fileStorage(), folder({ 'a.csv': rowsOf(5) }));
    await expect(source.open({ signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
  });
});

describe('isCsvName', () => {
  it('goes by the ending', () => {
    expect(['a.csv', 'A.CSV.gz', 'a.csv.bak', 'csv'].map(isCsvName)).toEqual([true, true, false, false]);
  });
});
