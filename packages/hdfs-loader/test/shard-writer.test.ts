import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors } from '@weft/safetensors';
import { describe, expect, it } from 'vitest';
import { SHARD_FILE, shardFile, writeShard } from '../src/shard-writer.js';
import { fileStorage } from '../src/storage/file-storage.js';
import { scratchFolder } from './scratch-folder.js';
import { floatSamples, syntheticSamples } from './synthetic-source.js';

const content = { subset: 'train', index: 7, inputShape: [2, 2, 1], classes: 3 } as const;

describe('writeShard', () => {
  it.each([
    ['U8', syntheticSamples(5, 3), [3, 7]],
    ['F32', floatSamples(5, 3), [-5, -0.25]],
  ] as const)('writes %s inputs and their labels, and says what is in it', async (dtype, samples, range) => {
    const dir = scratchFolder();
    const shard = await writeShard({ storage: fileStorage(), dir }, { ...content, samples });
    expect(shard).toMatchObject({ file: 'train-00007.safetensors', samples: 5, perClass: [2, 2, 1], range });
    const bytes = readFileSync(join(dir, shard.file));
    expect([bytes.length, createHash('sha256').update(bytes).digest('hex')]).toEqual([shard.bytes, shard.sha256]);
    expect((await readSafetensors(join(dir, shard.file))).tensors).toEqual({
      inputs: { dtype, shape: [5, 2, 2, 1], data: samples.inputs },
      labels: { dtype: 'U16', shape: [5], data: samples.labels },
    });
  });

  it('replaces one that is there', async () => {
    const to = { storage: fileStorage(), dir: scratchFolder() };
    await writeShard(to, { ...content, samples: syntheticSamples(5) });
    const again = await writeShard(to, { ...content, samples: syntheticSamples(9) });
    expect(readdirSync(to.dir)).toEqual([again.file]);
    expect(readFileSync(join(to.dir, again.file)).length).toBe(again.bytes);
  });

  it('refuses what is no sample of the data set, and writes nothing', async () => {
    const dir = scratchFolder();
    const write = (o: object) =>
      writeShard({ storage: fileStorage(), dir }, { ...content, samples: floatSamples(5), ...o });
    const samples = floatSamples(5);
    samples.inputs[9] = Number.NaN;
    await expect(write({ samples, firstRow: 100 })).rejects.toThrow('row 102: expected finite values, got NaN');
    await expect(write({ classes: 2 })).rejects.toThrow('row 2: expected a label of 0 to 1, got 2');
    await expect(write({ inputShape: [3] })).rejects.toThrow(
      'train: expected samples of 3 values, got 20 values for 5 samples of 4',
    );
    await expect(write({ signal: AbortSignal.abort(new Error('stopped')) })).rejects.toThrow('stopped');
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('shardFile', () => {
  it('counts on beyond five digits', () => {
    const names = [shardFile('train', 3), shardFile('test', 123_456)];
    expect(names).toEqual(['train-00003.safetensors', 'test-123456.safetensors']);
    for (const name of names) expect(SHARD_FILE.test(name)).toBe(true);
    expect(SHARD_FILE.test('preprocessing.safetensors')).toBe(false);
  });
});
