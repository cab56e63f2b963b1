import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Samples } from '../../src/samples.js';
import { rowsAlsoIn } from '../../src/sources/repeated-rows.js';

const samplesOf = (rows: readonly number[][]): Samples<Uint8Array> => ({
  inputs: Uint8Array.from(rows.flat()),
  labels: new Uint16Array(rows.length),
  count: rows.length,
  features: 2,
});

describe('rowsAlsoIn', () => {
  it('finds every row that stands in the others, also one that stands twice', () => {
    const test = samplesOf([
      [1, 2],
      [3, 4],
      [1, 2],
      [2, 1],
    ]);
    expect(
      rowsAlsoIn(
        test,
        samplesOf([
          [9, 9],
          [1, 2],
          [1, 2],
        ]),
      ),
    ).toEqual(new Set([0, 2]));
    expect(rowsAlsoIn(test, samplesOf([]))).toEqual(new Set());
    expect(rowsAlsoIn(samplesOf([]), test)).toEqual(new Set());
  });

  it('agrees with comparing each row with each', () => {
    const rows = fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { maxLength: 12 });
    fc.assert(
      fc.property(rows, rows, (a, b) => {
        const expected = a.flatMap((row, i) => (b.some((other) => `${other}` === `${row}`) ? [i] : []));
        expect(rowsAlsoIn(samplesOf(a), samplesOf(b))).toEqual(new Set(expected));
      }),
    );
  });
});
