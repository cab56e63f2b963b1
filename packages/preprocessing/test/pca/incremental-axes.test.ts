import { expect, test } from 'vitest';
import { Pca } from '../../src/pca/pca.js';
import { fittedOnShares } from '../shares.js';
import { inChunks, planted, relativeDifference, subspaceSine } from './decompositions.js';

const x = planted({ rows: 400, features: 64, values: [30, 20, 14, 9], seed: 5 });
const make = (batchRows = 50) => new Pca({ components: 4, method: 'incremental', batchRows });

test.each([1, 2, 3])('%i workers come near to the exact axes, all with the same bits', async (size) => {
  const exact = await new Pca({ components: 4, method: 'covariance' }).fit(() => [x], { device: 'cpu' });
  const workers = await fittedOnShares(make, inChunks(x, 30), size);
  for (const worker of workers) {
    expect(worker.tensors()).toEqual(workers[0]!.tensors());
    expect(worker.count).toBe(400);
    expect(relativeDifference(worker.mean, exact.mean)).toBeLessThan(1e-6);
    expect(relativeDifference(worker.explainedVariance, exact.explainedVariance)).toBeLessThan(1e-4);
    expect(subspaceSine(worker.componentMatrix, exact.componentMatrix, 64)).toBeLessThan(1e-3);
  }
});

test('chunks of any size make the same batches', async () => {
  const [a, b] = await Promise.all([7, 400].map((rows) => make().fit(() => inChunks(x, rows), { device: 'cpu' })));
  expect(a!.tensors()).toEqual(b!.tensors());
});
