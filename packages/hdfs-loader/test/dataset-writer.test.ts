import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors } from '@weft/safetensors';
import { describe, expect, it } from 'vitest';
import { writeDataset } from '../src/dataset-writer.js';
import { readManifest } from '../src/manifest.js';
import { fileStorage } from '../src/storage/file-storage.js';
import { scratchFolder } from './scratch-folder.js';
import { floatSamples, syntheticSamples, syntheticSource, unreadableSource } from './synthetic-source.js';

describe('writeDataset', () => {
  it('writes shards that the safetensors reader opens, and a manifest that describes them', async () => {
    const dir = join(scratchFolder(), 'made', 'here');
    const progress: unknown[] = [];
    const manifest = await writeDataset(syntheticSource(), dir, {
      shardSamples: 10,
      onProgress: (p) => progress.push(p),
    });
    expect(readdirSync(dir)).toEqual([
      'manifest.json',
      'test-00000.safetensors',
      'train-00000.safetensors',
      'train-00001.safetensors',
      'train-00002.safetensors',
    ]);
    expect(await readManifest(fileStorage(), dir)).toEqual(manifest);
    expect(manifest).toMatchObject({ name: 'synthetic', split: 'official', classes: 3, inputShape: [2, 2, 1] });
    expect(manifest.subsets.train).toMatchObject({ samples: 25, perClass: [9, 8, 8] });
    expect(manifest.subsets.train.shards.map((shard) => shard.samples)).toEqual([10, 10, 5]);
    for (const { shards } of Object.values(manifest.subsets)) {
      for (const shard of shards) {
        const bytes = readFileSync(join(dir, shard.file));
        expect(bytes.length).toBe(shard.bytes);
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(shard.sha256);
      }
    }
    const { tensors } = await readSafetensors(join(dir, 'train-00001.safetensors'));
    const { inputs, labels } = syntheticSamples(10, 10);
    expect(tensors).toEqual({
      inputs: { dtype: 'U8', shape: [10, 2, 2, 1], data: inputs },
      labels: { dtype: 'U16', shape: [10], data: labels },
    });
    expect(progress).toEqual([10, 20, 25, 32].map((done) => ({ stage: 'write', done, total: 32 })));
  });

  it('writes real numbers as they are, four bytes each', async () => {
    const dir = join(scratchFolder(), 'd');
    const source = syntheticSource({ train: floatSamples(25), test: floatSamples(7, 100) });
    const manifest = await writeDataset(source, dir, { shardSamples: 10 });
    expect(manifest).toMatchObject({
      dtype: 'float32',
      subsets: { train: { range: [-8, 16.75] }, test: { samples: 7 } },
    });
    const { tensors } = await readSafetensors(join(dir, 'train-00001.safetensors'));
    expect(tensors['inputs']).toEqual({ dtype: 'F32', shape: [10, 2, 2, 1], data: floatSamples(10, 10).inputs });
    const mixed = syntheticSource({ train: floatSamples(25), test: syntheticSamples(7) });
    await expect(writeDataset(mixed, join(scratchFolder(), 'd'))).rejects.toThrow(
      'test: expected float32 values, got uint8',
    );
  });

  it('gives the same bytes each time', async () => {
    const parent = scratchFolder();
    const first = await writeDataset(syntheticSource(), join(parent, 'a'));
    expect(await writeDataset(syntheticSource(), join(parent, 'b'))).toEqual(first);
  });

  it("adds the source's remarks to the note", async () => {
    const remarks = ['Two rows left out.'];
    const manifest = await writeDataset(syntheticSource({ remarks }), join(scratchFolder(), 'd'));
    expect(manifest.note).toBe('Made for tests. Two rows left out.');
  });

  it('fills an empty folder, and refuses any other before it reads the source', async () => {
    const parent = scratchFolder();
    mkdirSync(join(parent, 'empty'));
    await writeDataset(syntheticSource(), join(parent, 'empty'));
    mkdirSync(join(parent, 'full'));
    writeFileSync(join(parent, 'full', 'mine'), 'keep');
    writeFileSync(join(parent, 'file'), 'keep');
    for (const name of ['full', 'file', 'empty']) {
      const written = writeDataset(unreadableSource(new Error('was read')), join(parent, name));
      await expect(written).rejects.toMatchObject({ code: 'DATASET_EXISTS', message: expect.stringContaining(name) });
    }
    expect(readFileSync(join(parent, 'full', 'mine'), 'utf8')).toBe('keep');
  });

  it('refuses what came into being while it worked, and leaves it alone', async () => {
    const parent = scratchFolder();
    const dir = join(parent, 'd');
    const onProgress = () => {
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, 'mine'), 'keep');
    };
    await expect(writeDataset(syntheticSource(), dir, { onProgress })).rejects.toMatchObject({
      code: 'DATASET_EXISTS',
    });
    expect(readdirSync(parent)).toEqual(['d']);
    expect(readdirSync(dir)).toEqual(['mine']);
  });

  const bad: [string, Parameters<typeof syntheticSource>[0], RegExp][] = [
    ['a label out of range', { labelNames: ['a', 'b'] }, /row 2: expected a label of 0 to 1, got 2/],
    [
      'another shape',
      { inputShape: [3, 2] },
      /train: expected samples of 6 values, got 100 values for 25 samples of 4/,
    ],
  ];
  it.each(bad)('refuses %s and leaves nothing behind', async (_, over, message) => {
    const parent = scratchFolder();
    await expect(writeDataset(syntheticSource(over), join(parent, 'd'))).rejects.toMatchObject({
      code: 'INVALID_SOURCE',
      message: expect.stringMatching(message),
    });
    expect(readdirSync(parent)).toEqual([]);
  });

  it('refuses a shard size below 1', async () => {
    for (const shardSamples of [0, -1, 1.5, Number.NaN]) {
      const written = writeDataset(syntheticSource(), join(scratchFolder(), 'd'), { shardSamples });
      await expect(written).rejects.toThrow(/shardSamples/);
    }
  });

  it('stops at a signal between shards and leaves nothing behind', async () => {
    const parent = scratchFolder();
    const stop = new AbortController();
    const onProgress = () => stop.abort(new Error('stopped'));
    const written = writeDataset(syntheticSource(), join(parent, 'd'), {
      shardSamples: 5,
      onProgress,
      signal: stop.signal,
    });
    await expect(written).rejects.toThrow('stopped');
    expect(readdirSync(parent)).toEqual([]);
  });
});
