import { describe, expect, it } from 'vitest';
import { batchesOf } from '../../src/sources/samples-source.js';
import { readSource, readSubset } from '../read-source.js';
import { syntheticSamples, syntheticSource } from '../synthetic-source.js';

describe('samplesSource', () => {
  it('gives what it holds, from any row', async () => {
    const { opened, train, test, remarks } = await readSource(syntheticSource({ remarks: ['One.'] }));
    expect([train, test, remarks]).toEqual([syntheticSamples(25), syntheticSamples(7, 100), ['One.']]);
    expect(opened.samples('train')).toBe(25);
    expect(await readSubset(opened, 'train', 24)).toEqual(syntheticSamples(1, 24));
    expect((await readSubset(opened, 'test', 7)).count).toBe(0);
  });

  it('gives views in batches, and stops at a signal', async () => {
    const samples = syntheticSamples(10_000);
    const counts: number[] = [];
    for await (const { inputs, count } of batchesOf(samples)) {
      counts.push(count);
      expect(inputs.buffer).toBe(samples.inputs.buffer);
    }
    expect(counts).toEqual([4096, 4096, 1808]);
    const stopped = batchesOf(samples, { signal: AbortSignal.abort(new Error('stopped')) }).next();
    await expect(stopped).rejects.toThrow('stopped');
  });
});
