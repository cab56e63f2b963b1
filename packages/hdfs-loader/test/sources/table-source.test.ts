import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type CountedFile, shapeOfRow, type Table, tableSource } from '../../src/sources/table-source.js';
import { readSubset } from '../read-source.js';

/** Files whose rows are numbered through: row i is [i, i, i, i], of class i mod 3. They come in batches of 3. */
function tableOf(files: readonly { rows: number; subset: CountedFile['subset'] }[]): { table: Table; reads: string[] } {
  const reads: string[] = [];
  const total = files.reduce((sum, { rows }) => sum + rows, 0);
  let first = 0;
  const counted = files.map(({ rows, subset }, f): CountedFile => {
    const offset = first;
    first += rows;
    return {
      rows,
      subset,
      async *read(start) {
        reads.push(`${f}@${start}`);
        for (let row = start; row < rows; row += 3) {
          const count = Math.min(3, rows - row);
          yield { inputs: Uint8Array.from({ length: count * 4 }, (_, i) => offset + row + Math.floor(i / 4)), count };
        }
      },
    };
  });
  const labels = Uint16Array.from({ length: total }, (_, i) => i % 3);
  const table = {
    name: 't',
    inputShape: [2, 2, 1],
    labelNames: ['a', 'b', 'c'],
    labels,
    files: counted,
    hash: createHash('sha256'),
    testShare: 0.2,
    seed: 1,
  };
  return { table, reads };
}
const rowsOf = ({ inputs }: { inputs: Uint8Array }) => [...inputs.filter((_, i) => i % 4 === 0)];

describe('tableSource', () => {
  it('cuts a seeded share of each class, and keeps the order of the rows', async () => {
    const { table } = tableOf([
      { rows: 20, subset: null },
      { rows: 0, subset: null },
      { rows: 10, subset: null },
    ]);
    const opened = tableSource(table);
    expect(opened).toMatchObject({ split: 'seeded', note: 'Of each class, 20 % are test rows, drawn with seed 1.' });
    expect([opened.samples('train'), opened.samples('test')]).toEqual([24, 6]);
    const [train, test] = [await readSubset(opened, 'train'), await readSubset(opened, 'test')];
    expect(rowsOf(train)).toEqual(rowsOf(train).toSorted((a, b) => a - b));
    expect([...rowsOf(train), ...rowsOf(test)].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, i) => i),
    );
    expect([...test.labels]).toEqual(rowsOf(test).map((row) => row % 3));
    expect([0, 1, 2].map((label) => test.labels.filter((l) => l === label).length)).toEqual([2, 2, 2]);
    for (let start = 0; start <= 24; start++) {
      expect(rowsOf(await readSubset(opened, 'train', start))).toEqual(rowsOf(train).slice(start));
    }
  });

  it('takes the files for the split where they say so, and reads no file that it does not need', async () => {
    const { table, reads } = tableOf([
      { rows: 5, subset: 'test' },
      { rows: 7, subset: 'train' },
      { rows: 4, subset: 'train' },
    ]);
    const opened = tableSource(table);
    expect(opened.split).toBe('files');
    expect(rowsOf(await readSubset(opened, 'train', 8))).toEqual([13, 14, 15]);
    expect(rowsOf(await readSubset(opened, 'test'))).toEqual([0, 1, 2, 3, 4]);
    expect((await readSubset(opened, 'test', 5)).count).toBe(0);
    expect(reads).toEqual(['2@1', '0@0']);
  });
});

describe('shapeOfRow', () => {
  it.each([
    [784, {}, [28, 28, 1]],
    [49_152, {}, [128, 128, 3]],
    [12, { channels: 3 }, [2, 2, 3]],
    [12, { imageSize: { height: 3, width: 4 } }, [3, 4, 1]],
    [12, { imageSize: { height: 1, width: 4 } }, [1, 4, 3]],
  ] as const)('of %i values with %j is %j', (features, options, shape) => {
    expect(shapeOfRow(features, 'f', options)).toEqual(shape);
  });

  it('names the file whose rows are no image', () => {
    expect(() => shapeOfRow(785, 'f', {})).toThrow(
      'f: expected the values of a square image a row, got 785: --image-size says what they are',
    );
    const imageSize = { height: 2, width: 2 };
    expect(() => shapeOfRow(5, 'f', { imageSize })).toThrow('f: expected 2 × 2 × 1 or 3 values a row, got 5');
    expect(() => shapeOfRow(4, 'f', { imageSize, channels: 3 })).toThrow('2 × 2 × 3');
  });
});
