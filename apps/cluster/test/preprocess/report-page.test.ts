import { describe, expect, it } from 'vitest';
import { configurePreprocess } from '../../src/preprocess/config.js';
import { preprocessReport } from '../../src/preprocess/report.js';
import { pageOf } from '../../src/preprocess/report-page.js';
import { tinyPipeline } from './tiny-pipeline.js';

async function pageFor(steps: string): Promise<string> {
  const { source, pipeline } = await tinyPipeline(steps);
  const config = configurePreprocess({ source: 'x', destination: '/made', steps }, { WEFT_DATA_DIR: '/data' });
  const report = preprocessReport({
    ...{ config, pipeline, manifest: source.manifest, location: '/source' },
    notes: { fitSeconds: () => 1 },
    staged: { get: () => ({ extra: { squared: 4, deviation: 16, values: 100 } }) as never },
    kept: { samples: 0 },
    seconds: 5,
  });
  return await pageOf({ report, pipeline, source, signal: new AbortController().signal });
}
const pictures = (page: string): number => page.match(/<img /g)?.length ?? 0;

describe('pageOf', () => {
  it('shows curve, mean, components and samples before and after', async () => {
    const page = await pageFor('minmax,pca=4,reshape=2x2x1');
    // The mean, four components, and eight samples: original, prepared, restored, result.
    expect(pictures(page)).toBe(1 + 4 + 8 * 4);
    expect(page).toContain('<svg ');
    expect(page).toContain('Variance explained');
    expect(page).toContain('4 components explain');
    expect(page).toMatch(/alt="upper, restored"/);
    expect(page).not.toMatch(/NaN|undefined|http:\/\/(?!www\.w3\.org)|https:/);
  });

  it('shows what there is without a Pca, a way back, or pictures', async () => {
    const scaled = await pageFor('standardize');
    expect(scaled).not.toContain('Variance explained');
    expect(pictures(scaled)).toBe(8 * 2);
    const oneWay = await pageFor('pca=4,normalize');
    expect(oneWay).toContain('Variance explained');
    expect(oneWay).not.toContain('What was learnt');
    expect(pictures(oneWay)).toBe(8);
  });
});
