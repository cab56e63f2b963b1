import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LabelIndex } from '../../src/labels/label-index.js';
import { matrixOf } from '../matrices.js';
import { fittedOnShares } from '../shares.js';

const numbers = (...values: number[]) => ({ values: Uint16Array.from(values), rows: values.length, features: 1 });

describe('LabelIndex', () => {
  it('numbers texts by their order, and numbers by their value', () => {
    const garments = new LabelIndex(['shirt', 'bag', 'shirt', 'Åhat']);
    expect(garments.labels).toEqual(['bag', 'shirt', 'Åhat']);
    expect(garments.encode(['shirt', 'bag'])).toEqual(Uint16Array.of(1, 0));
    expect(garments.decode([2, 0])).toEqual(['Åhat', 'bag']);
    expect(new LabelIndex([100, -3, 20]).labels).toEqual([-3, 20, 100]);
  });

  it('learns sparse numbers over chunks, and maps them there and back', async () => {
    const index = await new LabelIndex().fit(() => [numbers(40, 7), numbers(), numbers(7, 9000)]);
    expect(index.labels).toEqual([7, 40, 9000]);
    expect(index.transform(numbers(9000, 7))).toEqual(numbers(2, 0));
    expect(index.inverse(numbers(1, 2))).toEqual(matrixOf([40], [9000]));
    expect(index.outputShape([1])).toEqual([1]);
  });

  it('comes back to the labels, also when restored', () => {
    for (const label of [fc.string(), fc.maxSafeInteger()] as fc.Arbitrary<string | number>[]) {
      fc.assert(
        fc.property(fc.array(label, { minLength: 1 }), (labels) => {
          const index = LabelIndex.fromJSON(JSON.parse(JSON.stringify(new LabelIndex(labels))));
          expect(index.decode(index.encode(labels))).toEqual(labels.map((each) => (each === 0 ? 0 : each)));
        }),
      );
    }
  });

  it('learns over workers what one learns', async () => {
    const chunks = [numbers(40, 7), numbers(3), numbers(7, 9000), numbers(1)];
    for (const size of [1, 2, 3, 4]) {
      for (const index of await fittedOnShares(() => new LabelIndex(), chunks, size)) {
        expect(index.labels).toEqual([1, 3, 7, 40, 9000]);
      }
    }
  });

  it('refuses labels, rows and states that do not fit', async () => {
    const index = new LabelIndex(['a', 'b']);
    expect(() => index.encode(['a', 'c'])).toThrow('row 1: expected one of 2 known labels, got "c"');
    expect(() => index.decode([2])).toThrow('row 0: expected 0 to 1, got 2');
    expect(() => index.inverse(numbers(0))).toThrow('texts have no place in a matrix');
    expect(() => index.outputShape([2])).toThrow('expected samples of 1 value');
    expect(() => new LabelIndex(['a', 1])).toThrow('expected all texts or all integers');
    expect(() => new LabelIndex([0.5])).toThrow('expected all texts or all integers');
    expect(() => new LabelIndex(Array(65_537).keys())).toThrow('labels: expected ≤ 65536, got 65537');
    expect(() => new LabelIndex().labels).toThrow(expect.objectContaining({ code: 'NOT_FITTED' }));
    expect(new LabelIndex().isFitted).toBe(false);
    await expect(new LabelIndex().fit(() => [])).rejects.toMatchObject({ code: 'NOT_FITTED' });
    await expect(new LabelIndex().fit(() => [matrixOf([1], [Number.NaN])])).rejects.toThrow(
      'row 1: expected an integer',
    );
    for (const labels of [[], [null], 'ab', [['a']]]) {
      const state = { kind: 'label-index', version: 1, labels };
      expect(() => LabelIndex.fromJSON(state)).toThrow('state of label-index: labels: expected');
    }
  });
});
