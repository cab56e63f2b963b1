import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StandardScaler } from '../src/standard-scaler.js';
import { anyChunks, joined, matrixOf } from './matrices.js';
import { rowsOf, scalerCases } from './scikit-learn.js';
import { fittedOnShares } from './shares.js';

const fitted = (...rows: number[][]) => new StandardScaler().fit(() => [matrixOf(...rows)]);

describe('StandardScaler', () => {
  it('gives (x − μ)/σ, with σ = 1 for a constant feature', async () => {
    const scaler = await fitted([1, 7], [3, 7]);
    expect([...scaler.mean]).toEqual([2, 7]);
    expect([...scaler.std]).toEqual([1, 1]);
    expect(scaler.transform(matrixOf([4, 9], [2, 7])).values).toEqual(Float32Array.of(2, 2, 0, 0));
    expect(scaler.inverse(matrixOf([2, 2])).values).toEqual(Float32Array.of(4, 9));
  });

  it.each(scalerCases)('agrees with scikit-learn on $dtype', async (stored) => {
    const x = rowsOf(stored);
    const { mean, scale, transformed } = stored.standard;
    const scaler = await new StandardScaler().fit(() => [x]);
    mean.forEach((value, j) => {
      expect(Math.abs(scaler.mean[j]! - value)).toBeLessThanOrEqual(1e-13 * Math.abs(value));
      expect(Math.abs(scaler.std[j]! - scale[j]!)).toBeLessThanOrEqual(1e-12 * scale[j]!);
    });
    const { values } = scaler.transform({ ...x, rows: transformed.length });
    transformed.flat().forEach((value, i) => {
      expect(Math.abs(values[i]! - value)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(value)));
    });
  });

  it('makes mean 0 and deviation 1 of what it was fitted on, however it came in chunks', async () => {
    await fc.assert(
      fc.asyncProperty(anyChunks, async (chunks) => {
        const x = joined(chunks);
        const scaler = await new StandardScaler().fit(() => chunks);
        const again = await new StandardScaler().fit(() => [scaler.transform(x)]);
        expect(scaler.count).toBe(x.rows);
        for (let j = 0; j < x.features; j++) {
          // A feature that varies by less than float32 can show is not asked for.
          if (scaler.std[j]! < 1e-3) continue;
          expect(Math.abs(again.mean[j]!)).toBeLessThan(1e-3);
          expect(Math.abs(again.std[j]! - 1)).toBeLessThan(1e-3);
        }
      }),
    );
  });

  it('merges what workers fitted on their shares, also when restored from JSON', async () => {
    const whole = await fitted([1, 5], [2, 6], [6, 1], [9, 0]);
    const one = await fitted([1, 5], [2, 6], [6, 1]);
    const two = StandardScaler.fromJSON(JSON.parse(JSON.stringify(await fitted([9, 0]))));
    one.merge(two);
    one.merge(new StandardScaler());
    expect(one.count).toBe(4);
    for (let j = 0; j < 2; j++) {
      expect(one.mean[j]).toBeCloseTo(whole.mean[j]!, 14);
      expect(one.std[j]).toBeCloseTo(whole.std[j]!, 14);
    }
    const empty = new StandardScaler();
    empty.merge(whole);
    expect(empty.toJSON()).toEqual(whole.toJSON());
  });

  it('fits over workers to the same bits on each, and to what one finds, however many they are', async () => {
    await fc.assert(
      fc.asyncProperty(anyChunks, fc.integer({ min: 1, max: 4 }), async (chunks, size) => {
        const alone = await new StandardScaler().fit(() => chunks);
        const fits = await fittedOnShares(() => new StandardScaler(), chunks, size);
        for (const fit of fits) {
          expect(fit.toJSON()).toEqual(fits[0]!.toJSON());
          expect(fit.count).toBe(alone.count);
          for (let j = 0; j < alone.mean.length; j++) {
            expect(Math.abs(fit.mean[j]! - alone.mean[j]!)).toBeLessThan(1e-11);
            // 1e-3: σ = 1 stands for one of 0, which rounding can make 1e-14.
            if (alone.std[j]! > 1e-3) expect(Math.abs(fit.std[j]! - alone.std[j]!)).toBeLessThan(1e-9);
          }
        }
      }),
    );
  });

  it('refuses on every worker what the shares make together', async () => {
    const empty = fittedOnShares(() => new StandardScaler(), [], 2);
    await expect(empty).rejects.toMatchObject({ code: 'NOT_FITTED' });
    const different = fittedOnShares(() => new StandardScaler(), [matrixOf([1]), matrixOf([1, 2])], 2);
    await expect(different).rejects.toThrow('expected rows of 1 features, got 2');
  });

  it('is not fitted after a fit that was stopped', async () => {
    const scaler = await fitted([1], [2]);
    const stop = new AbortController();
    const fit = scaler.fit(() => [matrixOf([1]), matrixOf([2])], {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('stopped')),
    });
    await expect(fit).rejects.toThrow('stopped');
    expect(scaler.isFitted).toBe(false);
  });

  it('keeps the shape, whose values are its features', async () => {
    expect(new StandardScaler().outputShape([2, 2])).toEqual([2, 2]);
    const scaler = await fitted([1, 7], [3, 7]);
    expect(scaler.isFitted).toBe(true);
    expect(scaler.outputShape([2, 1])).toEqual([2, 1]);
    expect(() => scaler.outputShape([3])).toThrow('expected samples of 2 values, got 3');
  });

  it('takes one row, and as many features as a picture has', async () => {
    const one = await fitted([3, -1]);
    expect(one.transform(matrixOf([3, 0])).values).toEqual(Float32Array.of(0, 1));
    const features = 3 * 256 * 256;
    const wide = { values: new Uint8Array(2 * features).fill(4, features), rows: 2, features };
    const [shared] = await fittedOnShares(() => new StandardScaler(), [wide], 2);
    expect(shared!.mean.every((mean) => mean === 2)).toBe(true);
    expect(shared!.transform(wide).values.every((z, i) => z === (i < features ? -1 : 1))).toBe(true);
  });

  it('writes into a given buffer, also in place', async () => {
    const scaler = await fitted([1], [3]);
    const x = matrixOf([4], [0]);
    expect(scaler.transform(x, x.values).values.buffer).toBe(x.values.buffer);
    expect([...x.values]).toEqual([2, -2]);
    expect(scaler.inverse(x, x.values).values).toEqual(Float32Array.of(4, 0));
  });

  it('forgets the first fit at the second, reads asynchronous chunks and reports', async () => {
    const scaler = await fitted([100], [200]);
    const seen: number[] = [];
    async function* chunks() {
      yield matrixOf([1], [2]);
      yield matrixOf([3]);
    }
    await scaler.fit(chunks, { onProgress: ({ rows }) => seen.push(rows) });
    expect([...scaler.mean]).toEqual([2]);
    expect(seen).toEqual([2, 3]);
  });

  it('restores exactly', async () => {
    const scaler = await fitted([0.1, 1e-30], [0.7, 3e8], [1 / 3, -5]);
    const restored = StandardScaler.fromJSON(JSON.parse(JSON.stringify(scaler)));
    expect(restored.mean).toEqual(scaler.mean);
    expect(restored.std).toEqual(scaler.std);
  });

  it('refuses what it cannot fit, transform or restore', async () => {
    const scaler = new StandardScaler();
    expect(() => scaler.transform(matrixOf([1]))).toThrow(expect.objectContaining({ code: 'NOT_FITTED' }));
    expect(() => scaler.toJSON()).toThrow(expect.objectContaining({ code: 'NOT_FITTED' }));
    await expect(scaler.fit(() => [])).rejects.toMatchObject({ code: 'NOT_FITTED' });
    await expect(scaler.fit(() => [matrixOf([1]), matrixOf([1, 2])])).rejects.toThrow(
      'expected rows of 1 features, got 2',
    );
    await expect(scaler.fit(() => [matrixOf([Number.NaN])])).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(scaler.fit(() => [matrixOf([1])], { signal })).rejects.toThrow('stopped');
    const state = (await fitted([1, 2])).toJSON();
    expect(() => StandardScaler.fromJSON({ ...state, m2: [0, -1] })).toThrow('m2: expected numbers ≥ 0');
    expect(() => StandardScaler.fromJSON({ ...state, m2: [0] })).toThrow('m2: expected 2, got 1');
    expect(() => StandardScaler.fromJSON({ ...state, count: 0 })).toThrow('count');
    const narrow = await fitted([1]);
    expect(() => narrow.transform(matrixOf([1, 2]))).toThrow('expected rows of 1 features, got 2');
    expect(() => narrow.transform(matrixOf([1]), new Float32Array(0))).toThrow('room');
    expect(() => narrow.merge(StandardScaler.fromJSON(state))).toThrow('1 features, got 2');
  });
});
