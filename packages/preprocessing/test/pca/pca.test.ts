import { describe, expect, test } from 'vitest';
import type { Matrix } from '../../src/matrix.js';
import { Pca, type PcaOptions } from '../../src/pca/pca.js';
import { decodeTransformer, encodeTransformer } from '../../src/saved-transformer.js';
import { matrixOf } from '../matrices.js';
import { decompositions, inChunks, planted, relativeDifference, rowsFrom, subspaceSine } from './decompositions.js';

const cases: [name: string, key: string, options: PcaOptions][] = [
  ['60x12', 'full', { components: 12 }],
  ['60x12', 'five', { components: 5 }],
  ['60x12', 'five', { components: 5, method: 'randomized' }],
  ['60x12', 'whiten', { components: 5, whiten: true }],
  ['60x12', 'share95', { components: 0.95 }],
  ['60x12', 'share95', { components: 0.95, method: 'randomized' }],
  ['60x12', 'incremental20', { components: 5, method: 'incremental', batchRows: 20 }],
  ['60x12', 'incremental7', { components: 5, method: 'incremental', batchRows: 7 }],
  ['40x30', 'five', { components: 5 }],
  ['40x30', 'randomized', { components: 5, method: 'randomized' }],
  ['40x30', 'incremental10', { components: 5, method: 'incremental', batchRows: 10 }],
  ['200x16-uint8', 'six', { components: 6 }],
  ['200x16-uint8', 'whiten', { components: 6, whiten: true }],
  ['200x16-uint8', 'share90', { components: 0.9 }],
  ['200x16-uint8', 'six', { components: 6, method: 'randomized' }],
  ['24x20-decaying', 'full', { components: 20 }],
  ['24x20-decaying', 'randomized', { components: 6, method: 'randomized' }],
  ['15x24-fewer-rows', 'eight', { components: 8 }],
  ['15x24-fewer-rows', 'randomized', { components: 8, method: 'randomized' }],
];

test.each(cases)('scikit-learn: %s %s %o', async (name, key, options) => {
  const { x, of } = decompositions(name);
  const expected = of(key);
  for (const rows of [x.rows, 11]) {
    const pca = await new Pca(options).fit(() => inChunks(x, rows), { device: 'cpu' });
    expect(relativeDifference(pca.mean, expected.mean)).toBeLessThan(1e-6);
    expect(relativeDifference(pca.explainedVariance, expected.explainedVariance)).toBeLessThan(1e-4);
    expect(relativeDifference(pca.explainedVarianceRatio, expected.explainedVarianceRatio)).toBeLessThan(1e-4);
    // A direction of hardly any variance is defined by rounding.
    const [first = 0] = expected.explainedVariance;
    const defined = expected.explainedVariance.filter((value) => value > 1e-6 * first).length;
    const components = pca.componentMatrix.subarray(0, defined * x.features);
    expect(relativeDifference(components, expected.components.slice(0, defined).flat())).toBeLessThan(1e-4);
    const scores = await pca.transform(rowsFrom(x, 0, 6));
    const kept = Array.from({ length: 6 }, (_, i) =>
      [...scores.values.subarray(i * scores.features)].slice(0, defined),
    );
    const expectedScores = expected.transformed.map((row) => row.slice(0, defined));
    expect(relativeDifference(kept.flat(), expectedScores.flat())).toBeLessThan(1e-4);
    const back = await pca.inverse(scores);
    expect(relativeDifference(back.values, expected.reconstructed.flat())).toBeLessThan(1e-4);
  }
});

describe('degenerate rows', () => {
  const methods = ['covariance', 'randomized', 'incremental'] as const;

  test.each(methods)('%s: constant features, duplicates and one row', async (method) => {
    const constant = Array.from({ length: 9 }, (_, i) => [7, i, 7, 2 * i, 7]);
    const duplicates = Array.from({ length: 6 }, () => [1, 2, 3]);
    for (const x of [matrixOf(...constant), matrixOf(...duplicates), matrixOf([4, 5])]) {
      const components = Math.min(2, x.rows);
      const pca = await new Pca({ components, method, whiten: true }).fit(() => [x], { device: 'cpu' });
      const scores = await pca.transform(x);
      expect(scores.values.every(Number.isFinite)).toBe(true);
      expect(pca.explainedVariance.every((value) => value >= 0)).toBe(true);
      const back = await pca.inverse(scores);
      expect(relativeDifference(back.values, x.values)).toBeLessThan(1e-4);
    }
  });

  test('a covariance matrix that LAPACK cannot index is refused before anything is read', () => {
    const pca = new Pca({ components: 10, method: 'covariance' });
    expect(() => pca.outputShape([128, 128, 3])).toThrow(
      'at most 46340 values of a sample for method covariance, got 49152',
    );
    expect(new Pca({ components: 10 }).outputShape([128, 128, 3])).toEqual([10]);
  });

  test.each(methods)('%s: what cannot be is one clear line', async (method) => {
    const fit = (components: number, chunks: readonly Matrix[]) =>
      new Pca({ components, method }).fit(() => chunks, { device: 'cpu' });
    await expect(fit(2, [])).rejects.toMatchObject({ code: 'NOT_FITTED' });
    await expect(fit(3, [matrixOf([1, 2, 3], [4, 5, 6])])).rejects.toThrow('at least 3 rows for 3 components, got 2');
    await expect(fit(4, [matrixOf([1, 2, 3])])).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
    const holed = [matrixOf([1, 2], [3, 4]), matrixOf([5, 6], [7, Number.NaN])];
    await expect(fit(1, holed)).rejects.toThrow('row 3, feature 1: expected a finite number, got NaN');
    await expect(fit(1, [matrixOf([1, 2]), matrixOf([1, 2, 3])])).rejects.toMatchObject({ code: 'SHAPE_MISMATCH' });
  });

  test.each([
    [{ components: 0 }],
    [{ components: 2.5 }],
    [{ components: Number.NaN }],
    [{ components: 2, passes: 1 }],
    [{ components: 2, seed: -1 }],
    [{ components: 0.5, method: 'incremental' as const }],
    [{ components: 8, method: 'incremental' as const, batchRows: 4 }],
    [{ components: 8, batchRows: Number.NaN }],
  ])('options %o are refused', (options) => {
    expect(() => new Pca(options)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

test('before a fit nothing but the shape is known', async () => {
  const pca = new Pca({ components: 3 });
  expect(pca.outputShape([4, 4, 1])).toEqual([3]);
  expect(() => new Pca({ components: 0.5 }).outputShape([16])).toThrow(expect.objectContaining({ code: 'NOT_FITTED' }));
  expect(() => pca.mean).toThrow(expect.objectContaining({ code: 'NOT_FITTED' }));
  await expect(pca.transform(matrixOf([1, 2, 3, 4]))).rejects.toMatchObject({ code: 'NOT_FITTED' });
});

test('auto takes the exact method for few features and the randomized one for many', async () => {
  const passesOf = async (features: number): Promise<number | null> => {
    let passes: number | null = 0;
    const x = planted({ rows: 40, features, values: [9, 5, 3], seed: 3 });
    const onProgress = (p: { passes: number | null }): void => {
      passes = p.passes;
    };
    await new Pca({ components: 3 }).fit(() => [x], { device: 'cpu', onProgress });
    return passes;
  };
  expect(await passesOf(64)).toBe(1);
  expect(await passesOf(1200)).toBeGreaterThan(1);
});

test('the randomized method finds what the exact one does', async () => {
  const x = planted({ rows: 60, features: 1200, values: [9, 5, 3], seed: 3 });
  const fit = (method: 'covariance' | 'randomized') =>
    new Pca({ components: 3, method }).fit(() => inChunks(x, 16), { device: 'cpu' });
  const [exact, randomized] = await Promise.all([fit('covariance'), fit('randomized')]);
  expect(subspaceSine(randomized.componentMatrix, exact.componentMatrix, 1200)).toBeLessThan(1e-3);
  expect(relativeDifference(randomized.explainedVariance, exact.explainedVariance)).toBeLessThan(1e-5);
});

test('two fits agree bit by bit, signs are fixed, and a saved one is the same', async () => {
  const x = planted({ rows: 120, features: 300, values: [20, 12, 8, 5, 3], seed: 9 });
  const fit = () => new Pca({ components: 5, method: 'randomized' }).fit(() => inChunks(x, 50), { device: 'cpu' });
  const [a, b] = [await fit(), await fit()];
  expect(a.componentMatrix).toEqual(b.componentMatrix);
  for (let i = 0; i < 5; i++) {
    const row = a.componentMatrix.subarray(i * 300, (i + 1) * 300);
    expect(Math.max(...row)).toBe(Math.max(...row.map(Math.abs)));
  }
  const restored = decodeTransformer(Buffer.concat(encodeTransformer(a)), 'memory') as Pca;
  expect(restored.toJSON()).toEqual(a.toJSON());
  expect(restored.tensors()).toEqual(a.tensors());
  expect((await restored.transform(x)).values).toEqual((await a.transform(x)).values);
});

test('a state that is none is refused', async () => {
  const pca = await new Pca({ components: 1 }).fit(() => [matrixOf([1, 2], [3, 5])], { device: 'cpu' });
  const [json, tensors] = [pca.toJSON(), pca.tensors()];
  const { mean: _, ...rest } = tensors;
  expect(() => Pca.fromJSON(json, rest)).toThrow(expect.objectContaining({ code: 'INVALID_STATE' }));
  const wrong = { ...tensors, mean: { dtype: 'F32', shape: [3], data: new Float32Array(3) } as const };
  expect(() => Pca.fromJSON(json, wrong)).toThrow('components');
  expect(() => Pca.fromJSON({ ...json, components: 0 }, tensors)).toThrow('components');
});

test('a fit reports its passes and can be stopped', async () => {
  const x = planted({ rows: 60, features: 40, values: [5, 2], seed: 1 });
  const seen: string[] = [];
  await new Pca({ components: 2, method: 'randomized', passes: 3 }).fit(() => inChunks(x, 30), {
    device: 'cpu',
    onProgress: (p) => seen.push(`${p.pass}/${p.passes}: ${p.rows}`),
  });
  expect(seen).toEqual(['1/3: 30', '1/3: 60', '2/3: 30', '2/3: 60', '3/3: 30', '3/3: 60']);
  const controller = new AbortController();
  const stopped = new Pca({ components: 2, method: 'randomized' });
  const fit = stopped.fit(() => inChunks(x, 30), {
    device: 'cpu',
    signal: controller.signal,
    onProgress: ({ pass }) => pass === 2 && controller.abort(new Error('enough')),
  });
  await expect(fit).rejects.toThrow('enough');
  expect(stopped.isFitted).toBe(false);
});

test('a pass with other rows than the one before is refused', async () => {
  const x = planted({ rows: 40, features: 60, values: [5, 2], seed: 1 });
  let passes = 0;
  const shrinking = (): Matrix[] => [rowsFrom(x, 0, passes++ < 4 ? 40 : 39)];
  const fit = new Pca({ components: 2, method: 'randomized' }).fit(shrinking, { device: 'cpu' });
  await expect(fit).rejects.toThrow('expected the same 40 rows, got 39');
});
