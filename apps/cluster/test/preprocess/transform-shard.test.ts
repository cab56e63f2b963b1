import { describe, expect, it } from 'vitest';
import { Reconstruction } from '../../src/preprocess/reconstruction.js';
import { transformShard } from '../../src/preprocess/transform-shard.js';
import { tinyPipeline } from './tiny-pipeline.js';

describe('transformShard', () => {
  it.each(['minmax', 'crop=2', 'flatten', 'pca=4,standardize', 'pca=4,reshape=2x2x1'])(
    'gives what the pipeline gives, labels as they were: %s',
    async (steps) => {
      const { pipeline, train, chunk } = await tinyPipeline(steps);
      const { samples, error } = await transformShard(train, { pipeline, reconstruction: null });
      const { values } = await pipeline.transform(chunk);
      expect(error).toBeNull();
      expect(samples.inputs.constructor).toBe(pipeline.dtype === 'uint8' ? Uint8Array : Float32Array);
      expect([...samples.inputs]).toEqual([...values]);
      expect([...samples.labels]).toEqual([...train.labels]);
      expect(samples).toMatchObject({ count: 60, features: pipeline.sampleShape.reduce((a, b) => a * b, 1) });
      expect(samples.inputs.buffer).not.toBe(train.inputs.buffer);
    },
  );

  it('gives the same where it measures, and what is lost', async () => {
    const { pipeline, test } = await tinyPipeline('pca=4,standardize');
    const plain = await transformShard(test, { pipeline, reconstruction: null });
    const measured = await transformShard(test, { pipeline, reconstruction: Reconstruction.of(pipeline) });
    expect(measured.samples.inputs).toEqual(plain.samples.inputs);
    expect(measured.error).toMatchObject({ values: 160, squared: expect.any(Number) });
    expect(measured.error!.squared).toBeLessThan(measured.error!.deviation);
  });

  it('ends with its signal', async () => {
    const { pipeline, test } = await tinyPipeline('minmax');
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(transformShard(test, { pipeline, reconstruction: null, signal })).rejects.toThrow('enough');
  });
});
