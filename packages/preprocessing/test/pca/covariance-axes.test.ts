import { expect, test } from 'vitest';
import { Pca } from '../../src/pca/pca.js';
import { fittedOnShares } from '../shares.js';
import { decompositions, inChunks, planted, relativeDifference } from './decompositions.js';

const make = () => new Pca({ components: 5, method: 'covariance' });

test.each([1, 2, 3, 4])('%i workers find what one does, all with the same bits', async (size) => {
  const floats = planted({ rows: 97, features: 30, values: [30, 20, 14, 9, 5, 2], seed: 5 });
  for (const x of [floats, decompositions('200x16-uint8').x]) {
    const single = await make().fit(() => [x], { device: 'cpu' });
    const workers = await fittedOnShares(make, inChunks(x, 9), size);
    for (const worker of workers) {
      expect(worker.tensors()).toEqual(workers[0]!.tensors());
      expect(relativeDifference(worker.explainedVariance, single.explainedVariance)).toBeLessThan(1e-6);
      expect(relativeDifference(worker.componentMatrix, single.componentMatrix)).toBeLessThan(1e-5);
    }
  }
});

test('bytes and the same numbers as floats give the same', async () => {
  const { x } = decompositions('200x16-uint8');
  const floats = { ...x, values: Float32Array.from(x.values) };
  const [a, b] = [await make().fit(() => [x]), await make().fit(() => [floats])];
  expect(relativeDifference(a.componentMatrix, b.componentMatrix)).toBeLessThan(1e-6);
  const mixed = await make().fit(() =>
    inChunks(x, 50).map((chunk, i) => (i % 2 ? chunk : { ...chunk, values: Float32Array.from(chunk.values) })),
  );
  expect(relativeDifference(mixed.componentMatrix, a.componentMatrix)).toBeLessThan(1e-6);
});
