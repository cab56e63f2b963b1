import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataset, samplesSource, writeDataset } from '@weft/hdfs-loader';
import { describe, expect, it } from 'vitest';
import { normalizationOf } from '../src/normalization.js';
import { scratchFolder, tinyDataset, tinySamples } from './tiny-dataset.js';

const { signal } = new AbortController();

describe('normalizationOf', () => {
  it('maps the range of uint8 images onto [0, 1]', async () => {
    const { scale, shift } = await normalizationOf(await openDataset(await tinyDataset()), signal);
    expect(scale).toBeCloseTo(1 / 255, 12);
    expect(shift).toBeCloseTo(0, 12);
  });

  it('looks at training images only', async () => {
    const held = tinySamples(9, 9);
    const train = { ...held.train, inputs: held.train.inputs.map((value) => 50 + (value % 101)) };
    const dir = join(scratchFolder(), 'narrow');
    await writeDataset(samplesSource({ ...held, train }), dir);
    const { scale, shift } = await normalizationOf(await openDataset(dir), signal);
    const [min, max] = [Math.min(...train.inputs), Math.max(...train.inputs)];
    expect(scale * min + shift).toBeCloseTo(0, 12);
    expect(scale * max + shift).toBeCloseTo(1, 12);
  });

  it('names a damaged shard', async () => {
    const dir = await tinyDataset();
    const shard = readdirSync(dir).find((name) => name.startsWith('train'))!;
    writeFileSync(join(dir, shard), 'x');
    const damaged = normalizationOf(await openDataset(dir), signal);
    await expect(damaged).rejects.toMatchObject({ code: 'data', message: expect.stringContaining(shard) });
  });

  it('stops when the signal aborts', async () => {
    const stopped = normalizationOf(await openDataset(await tinyDataset()), AbortSignal.abort());
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
  });
});
