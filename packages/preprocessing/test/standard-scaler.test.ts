import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StandardScaler } from '../src/standard-scaler.js';
import { anyChunks, joined, matrixOf } from './matrices.js';

const fitted = (...rows: number[][]) => new StandardScaler().fit(() => [matrixOf(...rows)]);

describe('StandardScaler', () => {
  it('gives (x − μ)/σ, with σ = 1 for a constant feature', async () => {
    const scaler = await fitted([1, 7], [3, 7]);
    expect([...scaler.mean]).toEqual([2, 7]);
    expect([...scaler.std]).toEqual([1, 1]);
    expect(scaler.transform(matrixOf([4, 9], [2, 7])).values).toEqual(Float32Array.of(2, 2, 0, 0));
    expect(scaler.inverse(matrixOf([2, 2])).values).toEqual(Float32Array.of(4, 9));
  });

  it('agrees with scikit-learn', async () => {
    // StandardScaler().fit([[0, 10], [1, 20], [3, 90], [8, 40]]) of scikit-learn: mean_, scale_, transform([[2, 50]])
    const scaler = await fitted([0, 10], [1, 20], [3, 90], [8, 40]);
    expect([...scaler.mean]).toEqual([3, 40]);
    expect(scaler.std[0]).toBeCloseTo(3.082207001484488, 14);
    expect(scaler.std[1]).toBeCloseTo(30.822070014844883, 13);
    const { values } = scaler.transform(matrixOf([2, 50]));
    expect(values[0]).toBeCloseTo(-0.3244428422615251, 6);
    expect(values[1]).toBeCloseTo(0.3244428422615251, 6);
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
