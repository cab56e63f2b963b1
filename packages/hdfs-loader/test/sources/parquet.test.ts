import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isParquetName, parquetTable } from '../../src/sources/parquet.js';
import type { TableOptions } from '../../src/sources/table-source.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { grayPng } from '../image-folder.js';
import { COLUMNS, writeParquet } from '../parquet-table.js';
import { readSource, readSubset } from '../read-source.js';
import { scratchFolder } from '../scratch-folder.js';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const open = (path: string, options: TableOptions = {}) => parquetTable(fileStorage(), path, options);
/** As make-spark-parquet.py has it. */
const sparkPixels = (row: number) => (row % 2 === 0 ? [row, 0, 255 - row, row * 20] : [0, 0, 0, row]);

const pixels = (row: number) => [row, 0, 255, 7];
/** A file of `count` rows of 2 × 2 in lists; labels row mod 3. */
function listFile(path: string, count: number, over: { pixels?: unknown[]; labels?: unknown[] } = {}): void {
  const rows = Array.from({ length: count }, (_, row) => row);
  writeParquet(
    path,
    [
      {
        name: 'label',
        data: over.labels ?? rows.map((row) => BigInt(row % 3)),
        schema: over.labels ? COLUMNS.text('label') : COLUMNS.int('label'),
      },
      { name: 'pixels', data: over.pixels ?? rows.map(pixels), schema: COLUMNS.list('pixels', 'INT32') },
    ],
    { rowGroupSize: 8 },
  );
}

describe('parquetTable', () => {
  it("reads Spark's dense and sparse vectors, and labels that are doubles", async () => {
    const dir = scratchFolder();
    copyFileSync(fixture('spark-vectors.parquet'), join(dir, 'part-00000-x.snappy.parquet'));
    for (const name of ['_SUCCESS', '.part-00000-x.snappy.parquet.crc']) writeFileSync(join(dir, name), '');
    const { opened, train } = await readSource(open(dir, { testShare: 0 }));
    expect(opened).toMatchObject({ inputShape: [2, 2, 1], labelNames: ['0', '1', '2'], split: 'seeded' });
    expect([...train.labels]).toEqual(Array.from({ length: 12 }, (_, row) => row % 3));
    expect([...train.inputs]).toEqual(Array.from({ length: 12 }, (_, row) => sparkPixels(row)).flat());
  });

  it("reads Spark's arrays, and labels that are text", async () => {
    const { opened, train } = await readSource(open(fixture('spark-arrays.parquet'), { testShare: 0 }));
    expect(opened.labelNames).toEqual(['a', 'b', 'c']);
    expect([...train.inputs]).toEqual(Array.from({ length: 12 }, (_, row) => sparkPixels(row)).flat());
  });

  it('reads columns of numbers', async () => {
    const path = join(scratchFolder(), 'a.parquet');
    const column = (name: string, data: number[]) => ({ name, data });
    writeParquet(path, [
      column('p1', [1, 2]),
      column('p2', [3, 4]),
      column('target', [1, 0]),
      column('p3', [5, 6]),
      column('p4', [255, 0]),
    ]);
    const { train, opened } = await readSource(open(path, { labelNames: ['no', 'yes'], testShare: 0 }));
    expect(opened.labelNames).toEqual(['no', 'yes']);
    expect([[...train.labels], [...train.inputs]]).toEqual([
      [1, 0],
      [1, 3, 5, 255, 2, 4, 6, 0],
    ]);
  });

  it("reads Hugging Face's images, class names and split", async () => {
    const dir = scratchFolder();
    const kvMetadata = [
      {
        key: 'huggingface',
        value: JSON.stringify({ info: { features: { label: { names: ['cat', 'dog'], _type: 'ClassLabel' } } } }),
      },
    ];
    const image = async (value: number) => ({ bytes: new Uint8Array(await grayPng(value)), path: `${value}.png` });
    const write = async (name: string, values: number[]) =>
      writeParquet(
        join(dir, 'data', name),
        [
          { name: 'image', data: await Promise.all(values.map(image)), schema: COLUMNS.image('image') },
          { name: 'label', data: values.map((value) => BigInt(value % 2)), schema: COLUMNS.int('label') },
        ],
        { kvMetadata, rowGroupSize: 40 },
      );
    await write(
      'train-00000-of-00001.parquet',
      Array.from({ length: 100 }, (_, i) => i),
    );
    await write('test-00000-of-00001.parquet', [200, 201]);
    const { opened, train, test } = await readSource(open(dir));
    expect(opened).toMatchObject({ split: 'files', labelNames: ['cat', 'dog'], inputShape: [4, 4, 1] });
    expect([...train.inputs.filter((_, i) => i % 16 === 0)]).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([[...test.labels], test.inputs[0], test.inputs[16]]).toEqual([[0, 1], 200, 201]);
    const small = await readSource(open(dir, { imageSize: { height: 2, width: 3 }, channels: 3 }));
    expect(small.opened.inputShape).toEqual([2, 3, 3]);
    expect(small.opened.fingerprint).not.toBe(opened.fingerprint);
  });

  it('begins at any row, reading the row groups that it needs', async () => {
    const dir = scratchFolder();
    listFile(join(dir, 'a.parquet'), 20);
    listFile(join(dir, 'b.parquet'), 5);
    const opened = await open(dir, { testShare: 0 }).open();
    const all = await readSubset(opened, 'train');
    expect(all.count).toBe(25);
    for (const start of [1, 7, 8, 19, 20, 24, 25]) {
      expect((await readSubset(opened, 'train', start)).inputs).toEqual(all.inputs.subarray(start * 4));
    }
  });

  const faults: [string, (dir: string) => void, TableOptions, RegExp][] = [
    ['a folder without Parquet', (dir) => writeFileSync(join(dir, 'a.txt'), ''), {}, /expected \*\.parquet, got none/],
    [
      'a file of another kind',
      (dir) => writeFileSync(join(dir, 'a.parquet'), 'label,pixels\n1,2\n'),
      {},
      /a\.parquet: cannot read the Parquet file: /,
    ],
    [
      'a truncated file',
      (dir) => {
        listFile(join(dir, 'a.parquet'), 20);
        truncateSync(join(dir, 'a.parquet'), 300);
      },
      {},
      /a\.parquet: cannot read the Parquet file: /,
    ],
    [
      'no label column',
      (dir) => writeParquet(join(dir, 'a.parquet'), [{ name: 'x', data: [1] }]),
      {},
      /a\.parquet: expected a label column label, labels, .*--label-column.*, got "x"/,
    ],
    [
      'a label column that is not there',
      (dir) => listFile(join(dir, 'a.parquet'), 2),
      { labelColumn: 'y' },
      /expected a label column y .*got "label, pixels"/,
    ],
    [
      'no rows',
      (dir) =>
        writeParquet(join(dir, 'a.parquet'), [
          { name: 'label', data: [], schema: COLUMNS.int('label') },
          { name: 'p', data: [], schema: COLUMNS.int('p') },
        ]),
      {},
      /expected rows, got none/,
    ],
    [
      'a row without label',
      (dir) => listFile(join(dir, 'a.parquet'), 2, { labels: ['a', null] }),
      {},
      /a\.parquet: row 1, column label: expected a label, got nothing/,
    ],
    [
      'a label without name',
      (dir) => listFile(join(dir, 'a.parquet'), 4),
      { labelNames: ['a', 'b'] },
      /row 2, column label: expected one of 2 labels, got "2"/,
    ],
    [
      'a row without pixels',
      (dir) => listFile(join(dir, 'a.parquet'), 2, { pixels: [[1, 2, 3, 4], null] }),
      {},
      /row 1, column pixels: expected a list of numbers, got nothing/,
    ],
    [
      'a short row',
      (dir) =>
        listFile(join(dir, 'a.parquet'), 10, { pixels: [...Array.from({ length: 9 }, (_, i) => pixels(i)), [1]] }),
      {},
      /row 9, column pixels: expected 4 values, as row 0 has, got 1/,
    ],
    [
      'a pixel of 256',
      (dir) =>
        listFile(join(dir, 'a.parquet'), 2, {
          pixels: [
            [1, 2, 3, 4],
            [1, 2, 256, 4],
          ],
        }),
      {},
      /row 1, column pixels, value 2: expected a whole number of 0 to 255, got 256/,
    ],
    [
      'values that are no square image',
      (dir) => listFile(join(dir, 'a.parquet'), 1, { pixels: [[1, 2]] }),
      {},
      /row 0, column pixels: expected the values of a square image/,
    ],
  ];
  it.each(faults)('refuses %s', async (_, damage, options, message) => {
    const dir = join(scratchFolder(), 'd');
    mkdirSync(dir);
    damage(dir);
    await expect(readSource(open(dir, { testShare: 0, ...options }))).rejects.toThrow(message);
  });

  it('names the row of an image that cannot be decoded', async () => {
    const path = join(scratchFolder(), 'a.parquet');
    const data = [
      { bytes: new Uint8Array(await grayPng(1)), path: '' },
      { bytes: Uint8Array.of(1, 2), path: '' },
    ];
    writeParquet(path, [
      { name: 'image', data, schema: COLUMNS.image('image') },
      { name: 'label', data: [0n, 1n], schema: COLUMNS.int('label') },
    ]);
    await expect(readSource(open(path, { testShare: 0 }))).rejects.toThrow(
      /a\.parquet: row 1, column image: expected an image .*got bytes 0102/,
    );
  });

  it('stops at a signal', async () => {
    const stopped = open(fixture('spark-arrays.parquet')).open({ signal: AbortSignal.abort(new Error('stopped')) });
    await expect(stopped).rejects.toThrow('stopped');
  });
});

describe('isParquetName', () => {
  it('goes by the ending', () => {
    expect(['a.parquet', 'part-0.snappy.PARQUET', 'a.parquet.crc'].map(isParquetName)).toEqual([true, true, false]);
  });
});
