import { execFile } from 'node:child_process';
import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { openDataset } from '../../src/dataset.js';
import type { StagePlan } from '../../src/ingest/journal.js';
import { type StagedShards, type StageOptions, stageShards } from '../../src/ingest/staged-shards.js';
import { type WrittenShard, writeShard } from '../../src/shard-writer.js';
import type { SubsetName } from '../../src/sources/source.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { scratchFolder } from '../scratch-folder.js';
import { floatSamples } from '../synthetic-source.js';

// Processes start slowly on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const storage = fileStorage();
const plan: StagePlan = { fingerprint: 'ab', name: 'floats', shards: { train: 4, test: 1 } };
const description = {
  split: 's',
  note: '',
  inputShape: [2, 2, 1],
  dtype: 'float32',
  labelNames: ['a', 'b', 'c'],
} as const;
const stage = (path: string, options: StageOptions = {}, over: Partial<StagePlan> = {}) =>
  stageShards({ storage, path }, { ...plan, ...over }, options);
/** Shards of ten samples, the test set's from 100 on. */
async function add(staged: StagedShards, subset: SubsetName, index: number, extra?: unknown): Promise<WrittenShard> {
  const samples = floatSamples(10, subset === 'test' ? 100 : 10 * index);
  const shard = await writeShard(
    { storage, dir: staged.dir },
    { subset, index, inputShape: [2, 2, 1], classes: 3, samples },
  );
  await staged.add(subset, index, shard, extra);
  return shard;
}

describe('stageShards', () => {
  it('makes a data set of shards that several processes have written, in any order', async () => {
    const parent = scratchFolder();
    const staged = await stage(join(parent, 'd'));
    const script = fileURLToPath(new URL('../shards-process.mjs', import.meta.url));
    const run = async (...indexes: string[]) => {
      const { stdout } = await promisify(execFile)(process.execPath, [script, staged.dir, ...indexes]);
      for (const line of stdout.trim().split('\n')) {
        const { index, shard } = JSON.parse(line) as { index: number; shard: WrittenShard };
        await staged.add('train', index, shard);
      }
    };
    await Promise.all([run('3', '0'), run('2', '1'), add(staged, 'test', 0)]);
    const manifest = await staged.finish(description);
    await staged.leave();
    expect(readdirSync(parent)).toEqual(['d']);
    expect(manifest).toMatchObject({ name: 'floats', dtype: 'float32', classes: 3 });
    expect(manifest.subsets.train).toMatchObject({ samples: 40, perClass: [14, 13, 13], range: [-8, 31.75] });
    expect(await (await openDataset(join(parent, 'd'))).subset('train').load()).toEqual(floatSamples(40));
  });

  it('knows what is finished, with what was given with it, once it is gone on with', async () => {
    const parent = scratchFolder();
    const path = join(parent, 'd');
    const first = await stage(path);
    await add(first, 'train', 2, { position: 30 });
    await add(first, 'test', 0);
    await first.writeFile('state.safetensors', Buffer.from('fitted'));
    await first.writeFile('data/preprocessing.safetensors', Buffer.from('pipeline'));
    await first.leave();
    expect(readdirSync(parent)).toEqual(['.d.ingest']);
    const notices: string[] = [];
    const second = await stage(path, { onNotice: (line) => notices.push(line) });
    expect(notices).toEqual([`goes on behind 20 samples in ${join(parent, '.d.ingest')}`]);
    expect([0, 1, 2, 3].map((index) => second.has('train', index))).toEqual([false, false, true, false]);
    expect([second.has('test', 0), second.get('train', 2)?.extra]).toEqual([true, { position: 30 }]);
    expect(second.prefix('train')).toEqual([]);
    expect(Buffer.from((await second.readFile('state.safetensors'))!).toString()).toBe('fitted');
    expect(await second.readFile('none')).toBe(null);
    for (const index of [3, 1, 0]) await add(second, 'train', index);
    const preprocessing = { file: 'preprocessing.safetensors', steps: 'flatten' };
    expect(await second.finish({ ...description, preprocessing })).toMatchObject({ preprocessing });
    await second.leave();
    await second.leave();
    expect(readdirSync(parent)).toEqual(['d']);
    expect(readdirSync(path)).toContain('preprocessing.safetensors');
    expect(await (await openDataset(path)).subset('train').load()).toEqual(floatSamples(40));
  });

  it('makes again what is not as the journal says, alone', async () => {
    const path = join(scratchFolder(), 'd');
    const first = await stage(path);
    for (const index of [0, 1, 2, 3]) await add(first, 'train', index);
    await first.leave();
    rmSync(join(first.dir, 'train-00000.safetensors'));
    truncateSync(join(first.dir, 'train-00001.safetensors'), 20);
    const { bytes } = first.get('train', 2)!;
    writeFileSync(join(first.dir, 'train-00002.safetensors'), Buffer.alloc(bytes));
    for (const name of ['.train-00009.safetensors.0badcafe.partial', 'train-00009.safetensors', 'manifest.json'])
      writeFileSync(join(first.dir, name), 'half');
    const second = await stage(path);
    expect([0, 1, 2, 3].map((index) => second.has('train', index))).toEqual([false, false, false, true]);
    expect(readdirSync(second.dir)).toEqual(['train-00003.safetensors']);
    await second.leave();
  });

  it('finishes only what is whole', async () => {
    const path = join(scratchFolder(), 'd');
    const staged = await stage(path);
    const [shard] = [await add(staged, 'train', 0), await add(staged, 'train', 2), await add(staged, 'test', 0)];
    await expect(staged.finish(description)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'train: expected 4 shards, got no train-00001.safetensors',
    });
    await expect(staged.add('train', 1, shard)).rejects.toThrow(
      'train 1: expected the shard train-00001.safetensors, got train-00000.safetensors',
    );
    for (const index of [1, 3, 4]) await add(staged, 'train', index);
    await expect(staged.finish(description)).rejects.toThrow(
      'train: expected 4 shards, got train-00004.safetensors too',
    );
    await staged.leave();
    await expect(stage(path, {}, { shards: { train: 5, test: 1 } })).rejects.toMatchObject({ code: 'OTHER_INGEST' });
    const anew = await stage(path, { restart: true }, { shards: { train: 5, test: 1 } });
    expect(anew.has('train', 0)).toBe(false);
    await anew.leave();
  });

  it('keeps a second process out, and leaves nothing where nothing was finished', async () => {
    const parent = scratchFolder();
    const staged = await stage(join(parent, 'd'));
    await expect(stage(join(parent, 'd'))).rejects.toMatchObject({ code: 'LOCKED' });
    await staged.leave();
    expect(readdirSync(parent)).toEqual([]);
  });

  it('keeps a fitted state, though no shard is there yet', async () => {
    const path = join(scratchFolder(), 'd');
    const first = await stage(path);
    await first.writeFile('data/fit-3.safetensors', Buffer.from('fitted'));
    await first.leave();
    const second = await stage(path);
    expect(await second.readFile('data/fit-3.safetensors')).not.toBe(null);
    await second.leave();
  });

  it('refuses names that are its own, or lead elsewhere', async () => {
    const staged = await stage(join(scratchFolder(), 'd'));
    const names = ['../x', 'data', 'journal.json', 'data/manifest.json', 'data/train-00000.safetensors', 'a/b', '.x'];
    for (const name of names) {
      await expect(staged.writeFile(name, Buffer.from(''))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    await staged.leave();
  });

  it('journals nothing once another process has taken the work over', async () => {
    const path = join(scratchFolder(), 'd');
    const staged = await stage(path);
    rmSync(join(path, '..', '.d.ingest.lock'), { recursive: true });
    await expect(add(staged, 'train', 0)).rejects.toMatchObject({ code: 'LOCKED' });
    await staged.leave();
  });
});
