import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Journal, type StagePlan } from '../../src/ingest/journal.js';
import { shardFile } from '../../src/shard-writer.js';
import type { SubsetName } from '../../src/sources/source.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { scratchFolder } from '../scratch-folder.js';

const plan: StagePlan = { fingerprint: 'ab', name: 'n', shardSamples: 10 };
const entry = (subset: SubsetName, index: number, extra?: unknown) => ({
  subset,
  index,
  shard: {
    file: shardFile(subset, index),
    samples: 10,
    bytes: 100,
    sha256: 'ab'.repeat(32),
    perClass: [4, 6],
    range: [-0.5, 255] as const,
    ...(extra !== undefined && { extra }),
  },
});
const journalIn = (dir: string, over: Partial<StagePlan> = {}) => new Journal(fileStorage(), dir, { ...plan, ...over });

describe('Journal', () => {
  it('tells the next process what is finished, in the order in which it was', async () => {
    const dir = scratchFolder();
    const first = journalIn(dir);
    expect(await first.resume({})).toBe(false);
    await first.begin();
    await first.add(entry('train', 2));
    await first.add(entry('test', 0, { position: 7, skipped: ['a.jpg'] }));
    await first.add(entry('train', 0));
    const second = journalIn(dir);
    expect(await second.resume({})).toBe(true);
    expect(second.entries).toEqual(first.entries);
    expect(second.entries.map(({ subset, index, order }) => [subset, index, order])).toEqual([
      ['train', 2, 0],
      ['test', 0, 1],
      ['train', 0, 2],
    ]);
    expect(second.get('test', 0)).toEqual(entry('test', 0, { position: 7, skipped: ['a.jpg'] }).shard);
    expect(second.get('train', 1)).toBe(undefined);
    expect(second.prefix('train')).toEqual([entry('train', 0).shard]);
    await second.add(entry('train', 1));
    expect(second.entries.at(-1)).toMatchObject({ index: 1, order: 3 });
    expect(second.prefix('train')).toHaveLength(3);
  });

  it('forgets a shard, or all of them', async () => {
    const dir = scratchFolder();
    const journal = journalIn(dir);
    await journal.begin();
    for (const index of [0, 1]) await journal.add(entry('train', index));
    await journal.drop('train', 0);
    const next = journalIn(dir);
    await next.resume({});
    expect(next.entries.map(({ index }) => index)).toEqual([1]);
    await next.clear({});
    expect([next.entries, readdirSync(dir)]).toEqual([[], []]);
  });

  it('adds a small file for each shard, however many there are', async () => {
    const dir = scratchFolder();
    const journal = journalIn(dir);
    await journal.begin();
    await Promise.all(Array.from({ length: 40 }, (_, index) => journal.add(entry('train', index))));
    const files = readdirSync(join(dir, 'journal'));
    expect(files).toHaveLength(40);
    for (const file of files) expect(readFileSync(join(dir, 'journal', file)).length).toBeLessThan(300);
    const next = journalIn(dir);
    await next.resume({});
    expect(next.prefix('train')).toHaveLength(40);
  });

  it('refuses another plan, naming what differs', async () => {
    const dir = scratchFolder();
    await journalIn(dir).begin();
    const others: [Partial<StagePlan>, RegExp][] = [
      [{ fingerprint: 'cd' }, /journal\.json: holds a begun ingest with another source, or options of it: .*--restart/],
      [{ name: 'm' }, /another name: /],
      [{ shardSamples: 11 }, /another shard size: /],
      [{ shards: { train: 1, test: 1 } }, /another number of shards: /],
    ];
    for (const [over, message] of others) {
      const refused = journalIn(dir, over).resume({});
      await expect(refused).rejects.toMatchObject({ code: 'OTHER_INGEST', message: expect.stringMatching(message) });
    }
  });

  it('takes one that cannot be read for none', async () => {
    const dir = scratchFolder();
    const path = join(dir, 'journal.json');
    await journalIn(dir).begin();
    const text = readFileSync(path, 'utf8');
    for (const damaged of ['', text.slice(0, -20), text.replace('"version":2', '"version":1')]) {
      writeFileSync(path, damaged);
      expect(await journalIn(dir).resume({})).toBe(false);
    }
    rmSync(path);
    expect(await journalIn(dir).resume({})).toBe(false);
  });

  it('passes over a record that cannot be read, or names a file outside of its folder', async () => {
    const dir = scratchFolder();
    const journal = journalIn(dir);
    await journal.begin();
    for (const index of [0, 1, 2, 3]) await journal.add(entry('train', index));
    const record = (index: number) => join(dir, 'journal', `train-0000${index}.json`);
    writeFileSync(record(1), readFileSync(record(1), 'utf8').replace('train-00001.safetensors', '../x'));
    writeFileSync(record(2), '{"order":');
    writeFileSync(join(dir, 'journal', '.train-00009.json.0badcafe.partial'), '{}');
    const next = journalIn(dir);
    expect(await next.resume({})).toBe(true);
    expect(next.entries.map(({ index }) => index)).toEqual([0, 3]);
  });
});
