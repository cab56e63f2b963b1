import { expect, test } from 'vitest';
import { componentsFor, requireRows, sharedAxes } from '../../src/pca/principal-axes.js';
import { inProcessAllReduce } from '../in-process-all-reduce.js';

test('the least number of components that explain more than a share', () => {
  const values = Float64Array.of(5, 3, 1, 0.5, 0.5);
  expect([0.4, 0.5, 0.79, 0.8, 0.94, 0.999].map((share) => componentsFor(share, values, 10))).toEqual([
    1, 2, 2, 3, 4, 5,
  ]);
  expect(componentsFor(0.9, Float64Array.of(3, 0), 10)).toBe(2);
  expect(componentsFor(0.9, Float64Array.of(0, 0), 0)).toBe(1);
});

test('a count of components needs as many rows', () => {
  expect(() => requireRows(2, { components: 3, features: 9 })).toThrow(
    'expected at least 3 rows for 3 components, got 2',
  );
  expect(() => requireRows(0, { components: 1, features: 9 })).toThrow(expect.objectContaining({ code: 'NOT_FITTED' }));
  expect(() => requireRows(2, { components: 0.9, features: 9 })).not.toThrow();
});

test('what rank 0 has found reaches all, divided by n − 1', async () => {
  const found = { values: Float64Array.of(8, -1e-12), vectors: Float32Array.of(1, 0, 0, 0, 1, 0) };
  const mean = Float64Array.of(1, 2, 3);
  const all = await Promise.all(
    inProcessAllReduce(3).map((allReduce, rank) =>
      sharedAxes(rank === 0 ? found : null, { count: 5, mean, squares: 10, allReduce }),
    ),
  );
  for (const axes of all) {
    expect(axes.components).toEqual(found.vectors);
    expect(axes.explainedVariance).toEqual(Float64Array.of(2, 0));
    expect(axes.totalVariance).toBe(2.5);
  }
});
