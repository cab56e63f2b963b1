import { describe, expect, it } from 'vitest';
import { configurePreprocess } from '../../src/preprocess/config.js';
import { preprocessReport } from '../../src/preprocess/report.js';
import { tinyPipeline } from './tiny-pipeline.js';

async function reportOf(steps: string, extra: unknown) {
  const { source, pipeline } = await tinyPipeline(steps);
  const config = configurePreprocess({ source: 'x', destination: '/made', steps }, { WEFT_DATA_DIR: '/data' });
  return preprocessReport({
    ...{ config, pipeline, manifest: source.manifest, location: '/source' },
    notes: { fitSeconds: (step) => (step === 0 ? 2 : null) },
    staged: { get: () => ({ extra }) as never },
    kept: { samples: 20 },
    seconds: 5,
  });
}

describe('preprocessReport', () => {
  it('tells what was made, kept and lost', async () => {
    const report = await reportOf('pca=4,reshape=2x2x1', { squared: 4, deviation: 16, values: 100 });
    expect(report).toMatchObject({
      name: 'tiny',
      location: '/made',
      source: { name: 'tiny', location: '/source', inputShape: [4, 4, 1] },
      steps: [
        { step: 'pca=4', shape: [4], fitSeconds: 2 },
        { step: 'reshape=2x2x1', shape: [2, 2, 1], fitSeconds: null },
      ],
      samples: { train: 60, test: 10 },
      inputShape: [2, 2, 1],
      dtype: 'float32',
      pca: { components: 4, varianceKept: expect.any(Number) },
      testError: { rmse: 0.2, varianceLost: 0.25 },
      workers: 2,
      keptSamples: 20,
      seconds: 5,
      samplesPerSecond: 10,
    });
    expect(report.pca!.varianceKept).toBeGreaterThan(0.5);
    expect(report.pca!.varianceKept).toBeLessThan(1);
  });

  it('leaves out what was not measured', async () => {
    expect(await reportOf('minmax', undefined)).toMatchObject({ pca: null, testError: null });
    expect(await reportOf('pca=2', { squared: 'x' })).toMatchObject({ testError: null });
  });
});
