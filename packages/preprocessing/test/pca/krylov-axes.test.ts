import { expect, test } from 'vitest';
import { krylovAxes } from '../../src/pca/krylov-axes.js';
import { Pca } from '../../src/pca/pca.js';
import { fittedOnShares } from '../shares.js';
import { inChunks, planted, relativeDifference, subspaceSine } from './decompositions.js';

// A gap after the fourth direction: what is found is defined, whatever the number of workers.
const x = planted({ rows: 210, features: 400, values: [30, 20, 14, 9, 0.5, 0.4], seed: 5 });
const make = () => new Pca({ components: 4, method: 'randomized' });
const variance = ({ explainedVariance }: Pca): number => explainedVariance.reduce((sum, value) => sum + value, 0);

test.each([1, 2, 3, 4])('%i workers find what one does, all with the same bits', async (size) => {
  const single = await make().fit(() => [x], { device: 'cpu' });
  const workers = await fittedOnShares(make, inChunks(x, 20), size);
  for (const worker of workers) {
    expect(worker.tensors()).toEqual(workers[0]!.tensors());
    expect(worker.count).toBe(210);
    expect(Math.abs(variance(worker) / variance(single) - 1)).toBeLessThan(1e-5);
    expect(subspaceSine(worker.componentMatrix, single.componentMatrix, 400)).toBeLessThan(1e-4);
    expect(relativeDifference(worker.mean, single.mean)).toBeLessThan(1e-6);
  }
});

test('a worker without rows takes part', async () => {
  const workers = await fittedOnShares(make, [x], 3);
  const single = await make().fit(() => [x], { device: 'cpu' });
  for (const worker of workers) expect(worker.tensors()).toEqual(workers[0]!.tensors());
  expect(Math.abs(variance(workers[1]!) / variance(single) - 1)).toBeLessThan(1e-5);
});

test('a share of variance is looked for with more components until it is explained', async () => {
  const values = Array.from({ length: 90 }, (_, i) => 10 * 0.99 ** i);
  const wide = planted({ rows: 260, features: 200, values, seed: 8 });
  const exact = await new Pca({ components: 0.97, method: 'covariance' }).fit(() => [wide], { device: 'cpu' });
  const found = await new Pca({ components: 0.97, method: 'randomized' }).fit(() => inChunks(wide, 100), {
    device: 'cpu',
  });
  expect(exact.explainedVariance.length).toBeGreaterThan(64);
  expect(found.explainedVariance.length).toBe(exact.explainedVariance.length);
  const shared = await fittedOnShares(() => new Pca({ components: 0.97, method: 'randomized' }), inChunks(wide, 50), 2);
  expect(shared[1]!.explainedVariance.length).toBe(exact.explainedVariance.length);
});

test('more passes come nearer where variances lie close together', async () => {
  const close = planted({
    rows: 300,
    features: 256,
    values: Array.from({ length: 80 }, (_, i) => 9 - 0.05 * i),
    seed: 2,
  });
  const captured = async (passes: number): Promise<number> => {
    const { explainedVariance } = await krylovAxes(
      () => [close],
      { components: 40, features: 256 },
      { device: 'cpu', onDevice: () => {}, seed: 0, passes },
    );
    return explainedVariance.reduce((sum, value) => sum + value, 0);
  };
  expect(await captured(8)).toBeGreaterThan(await captured(2));
});
