import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeDataset } from '../../src/dataset-writer.js';
import type { Values } from '../../src/samples.js';
import { pickSamples } from '../../src/sheet/picked-samples.js';
import type { InMemory } from '../../src/sources/samples-source.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { scratchFolder } from '../scratch-folder.js';
import { floatSamples, syntheticSource } from '../synthetic-source.js';

async function dataset(over: Partial<InMemory> = {}) {
  const path = join(scratchFolder(), 'd');
  const manifest = await writeDataset(syntheticSource(over), path, { shardSamples: 5 });
  return { storage: fileStorage(), path, manifest };
}
const first = (picked: readonly Values[][]) => picked.map((images) => images.map((image) => image[0]));

describe('pickSamples', () => {
  it('gives the first samples of each class, over as many shards as it takes', async () => {
    const from = await dataset();
    expect(first(await pickSamples(from, { subset: 'train', perClass: 3 }))).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ]);
    // Sample 100 is of class 1.
    expect(first(await pickSamples(from, { subset: 'test', perClass: 9 }))).toEqual([
      [102, 105],
      [100, 103, 106],
      [101, 104],
    ]);
  });

  it('gives real numbers as they are', async () => {
    const from = await dataset({ train: floatSamples(25), test: floatSamples(0) });
    expect(await pickSamples(from, { subset: 'train', perClass: 1 })).toEqual(
      [0, 1, 2].map((i) => [floatSamples(25).inputs.slice(4 * i, 4 * i + 4)]),
    );
  });

  it('reads no shard that it does not need', async () => {
    const from = await dataset();
    writeFileSync(join(from.path, 'train-00001.safetensors'), '');
    expect(first(await pickSamples(from, { subset: 'train', perClass: 1 }))).toEqual([[0], [1], [2]]);
  });

  it('names the shard that is damaged', async () => {
    const from = await dataset();
    const shard = join(from.path, 'train-00000.safetensors');
    truncateSync(shard, 50);
    await expect(pickSamples(from, { subset: 'train', perClass: 1 })).rejects.toThrow(
      /train-00000\.safetensors: expected \d+ bytes, got 50/,
    );
    writeFileSync(shard, Buffer.alloc(from.manifest.subsets.train.shards[0]!.bytes, 0xff));
    await expect(pickSamples(from, { subset: 'train', perClass: 1 })).rejects.toMatchObject({ code: 'INVALID_SHARD' });
  });
});
