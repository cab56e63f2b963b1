import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OneHot } from '../../src/labels/one-hot.js';
import { matrixOf } from '../matrices.js';
import { fittedOnShares } from '../shares.js';

const labels = (...values: number[]) => ({ values: Uint16Array.from(values), rows: values.length, features: 1 });

describe('OneHot', () => {
  it('writes one 1 a row, over whatever the buffer held', () => {
    const out = new Float32Array(8).fill(9);
    const y = new OneHot(3).transform(labels(2, 0), out);
    expect(y).toEqual({ values: Float32Array.of(0, 0, 1, 1, 0, 0), rows: 2, features: 3 });
    expect([...out.subarray(6)]).toEqual([9, 9]);
  });

  it('takes the greatest value of a row, the first of equal ones', () => {
    const y = matrixOf([0.1, 0.7, 0.2], [0.4, 0.2, 0.4], [-3, -2, -1], [0, 0, 0]);
    expect([...new OneHot(3).inverse(y).values]).toEqual([1, 0, 2, 0]);
  });

  it('comes back to the labels', () => {
    const cases = fc
      .integer({ min: 1, max: 300 })
      .chain((classes) => fc.tuple(fc.constant(classes), fc.array(fc.nat(classes - 1))));
    fc.assert(
      fc.property(cases, ([classes, values]) => {
        const encoder = new OneHot(classes);
        expect(encoder.inverse(encoder.transform(labels(...values)))).toEqual(labels(...values));
      }),
    );
  });

  it('learns the number of classes over chunks, and restores', async () => {
    const seen: number[] = [];
    const encoder = await new OneHot().fit(() => [labels(1, 4), labels(), labels(0)], {
      onProgress: ({ rows }) => seen.push(rows),
    });
    expect(encoder.classes).toBe(5);
    expect(seen).toEqual([2, 2, 3]);
    expect(OneHot.fromJSON(JSON.parse(JSON.stringify(encoder))).classes).toBe(5);
  });

  it('learns over workers, one of which has no rows', async () => {
    for (const encoder of await fittedOnShares(() => new OneHot(), [labels(1, 4), labels(0), labels()], 3)) {
      expect(encoder.classes).toBe(5);
    }
    await expect(fittedOnShares(() => new OneHot(), [], 2)).rejects.toMatchObject({ code: 'NOT_FITTED' });
  });

  it('gives as many values as there are classes', () => {
    expect(new OneHot().isFitted).toBe(false);
    expect(new OneHot(7).isFitted).toBe(true);
    expect(new OneHot(7).outputShape([1])).toEqual([7]);
    expect(() => new OneHot(7).outputShape([2])).toThrow('expected samples of 1 value, got 2');
  });

  it('refuses labels, rows, class counts and states that do not fit', async () => {
    expect(() => new OneHot(3).transform(labels(0, 3))).toThrow('row 1: expected a label of 0 to 2, got 3');
    expect(() => new OneHot(3).transform(matrixOf([0.5]))).toThrow('got 0.5');
    expect(() => new OneHot(3).transform(matrixOf([0, 1]))).toThrow('expected rows of 1 features, got 2');
    expect(() => new OneHot(3).inverse(matrixOf([0, 1]))).toThrow('expected rows of 3 features, got 2');
    expect(() => new OneHot(2).inverse(matrixOf([0, 1], [0, Number.NaN]))).toThrow('row 1, feature 1');
    expect(() => new OneHot(2).inverse(matrixOf([Number.NaN, 1]))).toThrow('row 0, feature 0');
    for (const classes of [0, -1, 1.5, 65537])
      expect(() => new OneHot(classes)).toThrow('classes: expected 1 to 65536');
    expect(() => new OneHot().classes).toThrow(expect.objectContaining({ code: 'NOT_FITTED' }));
    await expect(new OneHot().fit(() => [])).rejects.toMatchObject({ code: 'NOT_FITTED' });
    await expect(new OneHot().fit(() => [matrixOf([-1])])).rejects.toThrow('got -1');
    expect(() => OneHot.fromJSON({ kind: 'one-hot', version: 1, classes: 70000 })).toThrow('classes: expected ≤ 65536');
    expect(() => OneHot.fromJSON({ kind: 'one-hot', version: 1 })).toThrow('classes');
  });
});
