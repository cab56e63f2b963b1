import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { openDataset } from '../src/dataset.js';
import { type CachedDataset, cachedDataset } from '../src/dataset-cache.js';
import { scratchFolder } from './scratch-folder.js';
import { syntheticSamples, syntheticSource, unreadableSource } from './synthetic-source.js';

// Processes start slowly on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const script = fileURLToPath(new URL('./cache-process.mjs', import.meta.url));
const inProcess = async (...args: string[]) => {
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
  return JSON.parse(stdout) as CachedDataset & { notices: number };
};

describe('cachedDataset', () => {
  it('converts once, then reuses without reading the source', async () => {
    const cache = join(scratchFolder(), 'deep', 'cache');
    const first = await cachedDataset(syntheticSource(), cache);
    expect(first).toEqual({ dir: join(cache, 'synthetic-official-0123456789ab'), name: 'synthetic', made: true });
    const unreadable = unreadableSource(new Error('was read'));
    expect(await cachedDataset(unreadable, cache)).toEqual({ ...first, made: false });
    expect(await (await openDataset(first.dir)).subset('test').load()).toEqual(syntheticSamples(7, 100));
  });

  it('keeps sources of another fingerprint, name or split apart', async () => {
    const cache = scratchFolder();
    const { dir } = await cachedDataset(syntheticSource(), cache);
    const overs = [{ fingerprint: 'fedcba9876543210' }, { name: '../other name' }, { split: 'npm' }];
    for (const over of overs) expect((await cachedDataset(syntheticSource(over), cache)).dir).not.toBe(dir);
    expect(readdirSync(cache)).toHaveLength(4);
  });

  const damages: [string, (dir: string) => void, RegExp][] = [
    ['has no manifest', (dir) => rmSync(join(dir, 'manifest.json')), /manifest\.json: no such file/],
    ['has half a manifest', (dir) => truncateSync(join(dir, 'manifest.json'), 40), /manifest\.json: expected JSON/],
    ['has half a shard', (dir) => truncateSync(join(dir, 'test-00000.safetensors'), 40), /test-00000.*got 40/],
    ['lacks a shard', (dir) => rmSync(join(dir, 'train-00000.safetensors')), /train-00000/],
    [
      'has a changed shard',
      (dir) => {
        const path = join(dir, 'train-00000.safetensors');
        writeFileSync(path, Buffer.alloc(1));
        truncateSync(path, 1000);
      },
      /train-00000/,
    ],
    [
      'is empty',
      (dir) => {
        rmSync(dir, { recursive: true });
        mkdirSync(dir);
      },
      /manifest\.json: no such file/,
    ],
  ];
  it.each(damages)('is made again, with one line, where it %s', async (_, damage, reason) => {
    const cache = scratchFolder();
    const { dir } = await cachedDataset(syntheticSource(), cache);
    damage(dir);
    const notices: string[] = [];
    const again = await cachedDataset(syntheticSource(), cache, { onNotice: (line) => notices.push(line) });
    expect(again).toMatchObject({ dir, made: true });
    expect(notices).toEqual([expect.stringMatching(reason)]);
    expect(notices[0]).toContain('is damaged and is made again');
    expect(await (await openDataset(dir)).subset('train').load()).toEqual(syntheticSamples(25));
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it.each([false, true])('is made by one of many callers at once (damaged before: %s)', async (damaged) => {
    const cache = scratchFolder();
    if (damaged) rmSync(join((await cachedDataset(syntheticSource(), cache)).dir, 'manifest.json'));
    const calls = Array.from({ length: 6 }, () => cachedDataset(syntheticSource(), cache, { shardSamples: 3 }));
    const results = await Promise.all(calls);
    expect(results.filter((result) => result.made)).toHaveLength(1);
    for (const { dir } of results) {
      expect(await (await openDataset(dir)).subset('train').load()).toEqual(syntheticSamples(25));
    }
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it('is made by one of several processes, and none destroys it', async () => {
    const cache = scratchFolder();
    const results = await Promise.all([inProcess(cache), inProcess(cache), inProcess(cache)]);
    expect(results.filter((result) => result.made)).toHaveLength(1);
    const { subset } = await openDataset(results[0]!.dir);
    await subset('train').verify();
    expect(readdirSync(cache)).toHaveLength(1);
  });

  it('has nothing under its name when its process is killed; the next call clears up and makes it', async () => {
    const cache = scratchFolder();
    await expect(inProcess(cache, 'die')).rejects.toMatchObject({ signal: 'SIGKILL' });
    expect(readdirSync(cache)).toEqual([expect.stringMatching(/^\.shared-official-feedface\..*\.partial$/)]);
    expect(await inProcess(cache)).toMatchObject({ made: true, notices: 0 });
    expect(readdirSync(cache)).toEqual(['shared-official-feedface']);
  });

  it('passes on what the source throws, leaving nothing', async () => {
    const cache = scratchFolder();
    await expect(cachedDataset(unreadableSource(new Error('no such source')), cache)).rejects.toThrow('no such source');
    expect(readdirSync(cache)).toEqual([]);
  });

  it('does not take a disk error for damage', async () => {
    const cache = scratchFolder();
    writeFileSync(join(cache, 'synthetic-official-0123456789ab'), 'a file');
    await expect(cachedDataset(syntheticSource(), cache)).rejects.toMatchObject({ code: 'IO' });
  });
});
