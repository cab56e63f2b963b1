import { describe, expect, it } from 'vitest';
import { addErrors, NO_ERROR, pcaOf, Reconstruction } from '../../src/preprocess/reconstruction.js';
import { tinyPipeline } from './tiny-pipeline.js';

describe('Reconstruction', () => {
  it('goes through the whole pipeline, and back to the Pca’s input', async () => {
    const { pipeline, chunk } = await tinyPipeline('minmax,flatten,pca=16,standardize,reshape=4x4x1');
    const reconstruction = Reconstruction.of(pipeline)!;
    // Flattened, but still a picture.
    expect(reconstruction.shape).toEqual([4, 4, 1]);
    const { input, output, restored } = await reconstruction.restore(chunk);
    expect(output.values).toEqual((await pipeline.transform(chunk)).values);
    const furthest = Math.max(...Array.from(restored.values, (x, i) => Math.abs(x - input.values[i]!)));
    expect(furthest).toBeLessThan(1e-4);
    const { squared, deviation, values } = reconstruction.errorOf({ input, restored });
    expect(values).toBe(60 * 16);
    expect(squared / deviation).toBeLessThan(1e-6);
  });

  it('measures what few components lose: on what was learnt from, the variance that they do not explain', async () => {
    const { pipeline, chunk } = await tinyPipeline('pca=3');
    const reconstruction = Reconstruction.of(pipeline)!;
    const { squared, deviation } = reconstruction.errorOf(await reconstruction.restore(chunk));
    const kept = pcaOf(pipeline)!.explainedVarianceRatio.reduce((a, b) => a + b, 0);
    expect(squared / deviation).toBeCloseTo(1 - kept, 4);
  });

  it('is not there without a Pca, or without a way back', async () => {
    expect(Reconstruction.of((await tinyPipeline('minmax')).pipeline)).toBeNull();
    const { pipeline } = await tinyPipeline('pca=4,normalize');
    expect(pcaOf(pipeline)).not.toBeNull();
    expect(Reconstruction.of(pipeline)).toBeNull();
  });
});

describe('addErrors', () => {
  it('adds sums up', () => {
    const one = { squared: 1, deviation: 4, values: 2 };
    expect(addErrors(addErrors(NO_ERROR, one), one)).toEqual({ squared: 2, deviation: 8, values: 4 });
  });
});
