import { join } from 'node:path';
import { openDataset, samplesSource, writeDataset } from '@weft/hdfs-loader';
import { describe, expect, it } from 'vitest';
import { normalizationOf } from '../src/normalization.js';
import { scratchFolder, tinyDataset, tinyFloats, tinySamples } from './tiny-dataset.js';

describe('normalizationOf', () => {
  it('maps the range of uint8 images onto [0, 1]', async () => {
    const { scale, shift } = normalizationOf((await openDataset(await tinyDataset())).manifest);
    expect(scale).toBeCloseTo(1 / 255, 12);
    expect(shift).toBeCloseTo(0, 12);
  });

  it('looks at training images only', async () => {
    const held = tinySamples(9, 9);
    const train = { ...held.train, inputs: Uint8Array.from(held.train.inputs, (value) => 50 + (value % 101)) };
    const dir = join(scratchFolder(), 'narrow');
    const manifest = await writeDataset(samplesSource({ ...held, train }), dir);
    const { scale, shift } = normalizationOf(manifest);
    const [min, max] = [Math.min(...train.inputs), Math.max(...train.inputs)];
    expect(scale * min + shift).toBeCloseTo(0, 12);
    expect(scale * max + shift).toBeCloseTo(1, 12);
  });

  it('leaves real numbers as they are', async () => {
    const manifest = await writeDataset(samplesSource(tinyFloats()), join(scratchFolder(), 'floats'));
    expect(normalizationOf(manifest)).toEqual({ scale: 1, shift: 0 });
  });

  it('takes images of one value', async () => {
    const { manifest } = await openDataset(await tinyDataset());
    const { train, test } = manifest.subsets;
    const flat = { ...manifest, subsets: { train: { ...train, range: [7, 7] as const }, test } };
    expect(normalizationOf(flat)).toEqual({ scale: 1, shift: -7 });
  });
});
