import { expect, test } from 'vitest';
import { dataPass, passRows } from '../../src/pca/data-pass.js';
import { matrixOf } from '../matrices.js';

const o = { features: 2, pass: 1, passes: 1 };

test('every chunk is taken in turn, and rows are counted', async () => {
  const taken: number[] = [];
  const chunks = [matrixOf([1, 2]), { ...matrixOf(), features: 2 }, matrixOf([3, 4], [5, 6])];
  const rows = await dataPass(
    () => chunks,
    o,
    async ({ rows: n }) => taken.push(n),
  );
  expect([rows, taken]).toEqual([3, [1, 0, 2]]);
});

test('numbers of 16 bits become floats', () => {
  const { values } = passRows({ values: Uint16Array.of(1, 65535), rows: 1, features: 2 });
  expect(values).toEqual(Float32Array.of(1, 65535));
});

test('values are looked at in the first pass only', async () => {
  const chunks = () => [matrixOf([1, Number.POSITIVE_INFINITY])];
  await expect(dataPass(chunks, o, async () => {})).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  await expect(dataPass(chunks, { ...o, pass: 2 }, async () => {})).resolves.toBe(1);
});
