import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MinMaxOptions, MinMaxScaler } from '../src/min-max-scaler.js';
import { anyChunks, joined, matrixOf } from './matrices.js';
import { rowsOf, scalerCases } from './scikit-learn.js';
import { fittedOnShares } from './shares.js';

const fitted = (options: MinMaxOptions, ...rows: number[][]) =>
  new MinMaxScaler(options).fit(() => [matrixOf(...rows)]);

describe('MinMaxScaler, global', () => {
  it('maps bytes onto [0, 1], as one scale and shift', async () => {
    const scaler = await new MinMaxScaler().fit(() => [
      { values: Uint8Array.of(255, 51, 0, 102), rows: 2, features: 2 },
    ]);
    expect(scaler.toAffine()).toEqual({ scale: 1 / 255, shift: 0 });
    expect(scaler.toAffine()).toEqual(MinMaxScaler.ofBounds(0, 255).toAffine());
    const { values } = scaler.transform({ values: Uint8Array.of(0, 51, 255), rows: 1, features: 3 });
    expect(values).toEqual(Float32Array.of(0, 0.2, 1));
  });

  it('maps onto another range, also of negative numbers', async () => {
    const scaler = await fitted({ range: [-1, 1] }, [-10, 0], [30, 5]);
    expect(scaler.toAffine()).toEqual({ scale: 0.05, shift: -0.5 });
    expect([...scaler.transform(matrixOf([-10, 30, 10])).values]).toEqual([-1, 1, 0]);
    expect([...scaler.inverse(matrixOf([-1, 1, 0])).values]).toEqual([-10, 30, 10]);
    expect(MinMaxScaler.ofBounds(0, 255, [-1, 1]).toAffine()).toEqual({ scale: 2 / 255, shift: -1 });
  });

  it('maps a constant to the lower end', async () => {
    const scaler = await fitted({}, [7, 7]);
    expect(scaler.toAffine()).toEqual({ scale: 1, shift: -7 });
    expect([...scaler.transform(matrixOf([7])).values]).toEqual([0]);
  });
});

describe('MinMaxScaler, per feature', () => {
  it.each(scalerCases)('agrees with scikit-learn on $dtype', async (stored) => {
    const x = rowsOf(stored);
    for (const [{ data_min, data_max, transformed }, range] of [
      [stored.minMax, [0, 1]],
      [stored.minMaxSigned, [-1, 1]],
    ] as const) {
      const scaler = await new MinMaxScaler({ mode: 'per-feature', range }).fit(() => [x]);
      // What float32 rows hold exactly is written with 16 digits.
      expect([...scaler.min].map(Math.fround)).toEqual(data_min.map(Math.fround));
      expect([...scaler.max].map(Math.fround)).toEqual(data_max.map(Math.fround));
      const y = scaler.transform({ ...x, rows: transformed.length });
      transformed.flat().forEach((value, i) => {
        expect(Math.abs(y.values[i]! - value)).toBeLessThan(1e-6);
      });
    }
  });

  it('maps beyond the range what lies beyond it, and back', async () => {
    const scaler = await fitted({ mode: 'per-feature' }, [-1, 2], [1, 18]);
    expect([...scaler.transform(matrixOf([2, 2], [0, 10])).values]).toEqual([1.5, 0, 0.5, 0.5]);
    expect([...scaler.inverse(matrixOf([1.5, 0])).values]).toEqual([2, 2]);
    expect(() => scaler.toAffine()).toThrow('expected mode global');
  });
});

describe.each(['global', 'per-feature'] as const)('MinMaxScaler, %s', (mode) => {
  it('maps the training split within the range, whole or in merged chunks, and back', async () => {
    await fc.assert(
      fc.asyncProperty(anyChunks, async (chunks) => {
        const x = joined(chunks);
        const scaler = await new MinMaxScaler({ mode }).fit(() => chunks);
        const merged = new MinMaxScaler({ mode });
        for (const chunk of chunks) {
          const part = new MinMaxScaler({ mode });
          part.update(chunk);
          merged.merge(part);
        }
        expect(merged.toJSON()).toEqual(scaler.toJSON());
        const y = scaler.transform(x);
        // 1e-6: float32's rounding of the end of the range
        expect(y.values.every((value) => value >= -1e-6 && value <= 1 + 1e-6)).toBe(true);
        const back = scaler.inverse(y);
        back.values.forEach((value, i) => {
          expect(Math.abs(value - x.values[i]!)).toBeLessThan(1e-3);
        });
      }),
    );
  });

  it('fits over workers to exactly what one finds, however many they are', async () => {
    await fc.assert(
      fc.asyncProperty(anyChunks, fc.integer({ min: 1, max: 4 }), async (chunks, size) => {
        const alone = await new MinMaxScaler({ mode }).fit(() => chunks);
        for (const fit of await fittedOnShares(() => new MinMaxScaler({ mode }), chunks, size)) {
          expect(fit.toJSON()).toEqual(alone.toJSON());
        }
      }),
    );
    const empty = fittedOnShares(() => new MinMaxScaler({ mode }), [], 3);
    await expect(empty).rejects.toMatchObject({ code: 'NOT_FITTED' });
  });

  it('is not fitted before, nor after a fit that was refused', async () => {
    const scaler = new MinMaxScaler({ mode });
    expect(scaler.isFitted).toBe(false);
    await scaler.fit(() => [matrixOf([1, 2])]);
    expect(scaler.isFitted).toBe(true);
    expect(scaler.outputShape([2, 1, 1])).toEqual([2, 1, 1]);
    await expect(scaler.fit(() => [matrixOf([1]), matrixOf([Number.NaN])])).rejects.toThrow('row 0, feature 0');
    expect(scaler.isFitted).toBe(false);
  });

  it('restores exactly', async () => {
    const scaler = await fitted({ mode, range: [-1, 3] }, [0.1, 1 / 3], [7, -2e-20]);
    const restored = MinMaxScaler.fromJSON(JSON.parse(JSON.stringify(scaler)));
    expect(restored.toJSON()).toEqual(scaler.toJSON());
    expect(restored.transform(matrixOf([1, 2])).values).toEqual(scaler.transform(matrixOf([1, 2])).values);
  });

  it('forgets the first fit at the second, writes in place and reports', async () => {
    const scaler = await fitted({ mode }, [-500], [500]);
    const seen: number[] = [];
    await scaler.fit(() => [matrixOf([0], [4])], { onProgress: ({ rows }) => seen.push(rows) });
    const x = matrixOf([1]);
    expect(scaler.transform(x, x.values).values.buffer).toBe(x.values.buffer);
    expect([...x.values]).toEqual([0.25]);
    expect(seen).toEqual([2]);
  });

  it('refuses NaN, no rows, and use before fit', async () => {
    const scaler = new MinMaxScaler({ mode });
    expect(() => scaler.transform(matrixOf([1]))).toThrow(expect.objectContaining({ code: 'NOT_FITTED' }));
    expect(() => scaler.toJSON()).toThrow(expect.objectContaining({ code: 'NOT_FITTED' }));
    await expect(scaler.fit(() => [{ values: new Uint8Array(0), rows: 0, features: 4 }])).rejects.toThrow('no rows');
    await expect(scaler.fit(() => [matrixOf([1, Infinity])])).rejects.toThrow('row 0, feature 1');
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(scaler.fit(() => [matrixOf([1])], { signal })).rejects.toThrow('stopped');
  });
});

describe('MinMaxScaler', () => {
  it('refuses other features, modes, bounds and ranges', async () => {
    const scaler = await fitted({ mode: 'per-feature' }, [1, 2]);
    const other = await fitted({ mode: 'per-feature' }, [1]);
    expect(() => scaler.update(matrixOf([1]))).toThrow('expected rows of 2 features, got 1');
    expect(() => scaler.transform(matrixOf([1]))).toThrow('expected rows of 2 features, got 1');
    expect(() => scaler.merge(other)).toThrow('expected rows of 2 features, got 1');
    expect(() => scaler.merge(new MinMaxScaler())).toThrow('mode per-feature, got global');
    for (const range of [
      [1, 1],
      [2, 1],
      [0, Infinity],
      [Number.NaN, 1],
    ] as const) {
      expect(() => new MinMaxScaler({ range })).toThrow(/range: expected/);
    }
    expect(() => new MinMaxScaler({ mode: 'local' as 'global' })).toThrow('mode: expected global or per-feature');
    expect(() => MinMaxScaler.ofBounds(1, 0)).toThrow('min ≤ max');
    expect(() => MinMaxScaler.ofBounds(0, Infinity)).toThrow('finite bounds');
  });

  it('refuses damaged states', () => {
    const state = MinMaxScaler.ofBounds(0, 255).toJSON();
    const damaged: [object, RegExp][] = [
      [{ mode: 'x' }, /mode/],
      [{ range: [1, 0] }, /range/],
      [{ range: [1] }, /range: expected 2/],
      [{ min: [1, 2] }, /min: expected 1, got 2/],
      [{ max: [-1] }, /expected min ≤ max/],
      [{ max: null }, /max/],
    ];
    for (const [fields, message] of damaged) {
      expect(() => MinMaxScaler.fromJSON({ ...state, ...fields })).toThrow(message);
    }
  });
});
