import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Grayscale } from '../../src/images/grayscale.js';
import { matrixOf } from '../matrices.js';

const bytes = (...values: number[]) => ({ values: Uint8Array.from(values), rows: 1, features: values.length });

describe('Grayscale', () => {
  it('weighs the colours of bytes by BT.601, rounded half up', () => {
    const gray = new Grayscale([1, 5, 3]);
    // 0.299 · 255 = 76.245, 0.587 · 255 = 149.685, 0.114 · 255 = 29.07, 0.587 · 2 + 0.299 · 1 + 0.114 · 3 = 1.815
    const rgb = bytes(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 1, 2, 3);
    expect(gray.transform(rgb)).toEqual(bytes(76, 150, 29, 255, 2));
    // 0.114 · 250 = 28.5
    expect(new Grayscale([1, 1, 3]).transform(bytes(0, 0, 250))).toEqual(bytes(29));
  });

  it('leaves gray as it is, for every byte and for floats to their rounding', () => {
    const grays = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
    const { values } = new Grayscale([16, 16, 3]).transform({ values: grays, rows: 1, features: 768 });
    expect([...values]).toEqual(Array.from({ length: 256 }, (_, i) => i));
    const one = bytes(7, 9);
    expect(new Grayscale([1, 2, 1]).transform(one)).toBe(one);
    fc.assert(
      fc.property(fc.float({ min: -10, max: 10, noNaN: true }), (value) => {
        const y = new Grayscale([1, 1, 3]).transform(matrixOf([value, value, value]));
        expect(Math.abs(y.values[0]! - value)).toBeLessThanOrEqual(2 ** -23 * Math.abs(value));
      }),
    );
  });

  it('keeps float32, unrounded, in a buffer where one is given', () => {
    const out = new Float32Array(2);
    const y = new Grayscale([1, 2, 3]).transform(matrixOf([1, 0, 0, 0, 1, 1]), out);
    expect(y.values.buffer).toBe(out.buffer);
    expect([...out]).toEqual([Math.fround(0.299), Math.fround(0.587 + 0.114)]);
  });

  it('gives one channel, of the same elements', async () => {
    const gray = await new Grayscale([4, 6, 3]).fit();
    expect(gray.isFitted).toBe(true);
    expect(gray.outputShape([4, 6, 3])).toEqual([4, 6, 1]);
    expect(gray.outputType('uint8')).toBe('uint8');
    expect(gray.outputType('float32')).toBe('float32');
    expect(Grayscale.fromJSON(JSON.parse(JSON.stringify(gray)))).toEqual(gray);
    expect(gray.transform({ values: new Uint8Array(0), rows: 0, features: 72 }).rows).toBe(0);
  });

  it('refuses what are no such images', () => {
    expect(() => new Grayscale([784])).toThrow('expected images');
    expect(() => new Grayscale([4, 6, 3]).outputShape([6, 4, 3])).toThrow('expected images of 4x6x3, got 6x4x3');
    expect(() => new Grayscale([1, 1, 3]).transform(bytes(1, 2))).toThrow('expected rows of 3 features, got 2');
    expect(() => Grayscale.fromJSON({ kind: 'grayscale', version: 1, inputShape: [2] })).toThrow('state of grayscale');
  });
});
