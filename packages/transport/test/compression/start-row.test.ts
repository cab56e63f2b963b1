import { expect, it } from 'vitest';
import { startRow } from '../../src/compression/start-row.js';

it('startRow depends on its key alone, and looks uniform in [−1, 1)', () => {
  const row = (...key: number[]) => {
    const out = new Float32Array(10_000).fill(9);
    startRow(out, key);
    return out;
  };
  expect(row(1, 2, 3)).toEqual(row(1, 2, 3));
  for (const other of [row(1, 2, 4), row(1, 3, 2), row(2, 2, 3)]) expect(other).not.toEqual(row(1, 2, 3));
  const values = row(0, 0, 0, 0);
  const mean = values.reduce((s, v) => s + v, 0) / values.length;
  const square = values.reduce((s, v) => s + v * v, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(square - 1 / 3)).toBeLessThan(0.02);
  expect(values.every((v) => v >= -1 && v < 1)).toBe(true);
  // Every machine gets these
  expect([...row(0).subarray(0, 3)]).toMatchInlineSnapshot(`
    [
      0.31607556343078613,
      -0.9311126470565796,
      -0.45253562927246094,
    ]
  `);
});
