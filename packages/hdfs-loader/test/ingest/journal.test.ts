import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type IngestPlan, Journal } from '../../src/ingest/journal.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { scratchFolder } from '../scratch-folder.js';

const plan: IngestPlan = { fingerprint: 'ab', name: 'n', shardSamples: 10 };
const shard = (file: string) =>
  ({ file, samples: 10, bytes: 100, sha256: 'ab'.repeat(32), perClass: [4, 6], range: [0, 255] }) as const;
const journalIn = (dir: string, over: Partial<IngestPlan> = {}) =>
  new Journal(fileStorage(), dir, { ...plan, ...over });

describe('Journal', () => {
  it('tells the next process what is finished', async () => {
    const dir = scratchFolder();
    const first = journalIn(dir);
    expect(await first.resume({})).toBe(false);
    await first.save();
    await first.add(shard('train-00000.safetensors'), 'train');
    await first.add(shard('test-00000.safetensors'), 'test');
    const second = journalIn(dir);
    expect(await second.resume({})).toBe(true);
    expect(second.shards).toEqual({
      train: [shard('train-00000.safetensors')],
      test: [shard('test-00000.safetensors')],
    });
    expect([second.samples, second.bytes]).toEqual([20, 200]);
    second.cut('train', 0);
    expect([second.samples, second.shards.test.length]).toEqual([10, 1]);
  });

  it('refuses another plan, naming what differs', async () => {
    const dir = scratchFolder();
    await journalIn(dir).save();
    const others: [Partial<IngestPlan>, RegExp][] = [
      [{ fingerprint: 'cd' }, /journal\.json: holds a begun ingest with another source, or options of it: .*--restart/],
      [{ name: 'm' }, /another name: /],
      [{ shardSamples: 11 }, /another shard size: /],
    ];
    for (const [over, message] of others) {
      const refused = journalIn(dir, over).resume({});
      await expect(refused).rejects.toMatchObject({ code: 'OTHER_INGEST', message: expect.stringMatching(message) });
    }
  });

  it('takes one that cannot be read for none, and no file outside of its folder', async () => {
    const dir = scratchFolder();
    const path = join(dir, 'journal.json');
    await journalIn(dir).add(shard('train-00000.safetensors'), 'train');
    const text = readFileSync(path, 'utf8');
    for (const damaged of [
      '',
      text.slice(0, -20),
      text.replace('train-00000.safetensors', '../x'),
      text.replace('"version":1', '"version":2'),
    ]) {
      writeFileSync(path, damaged);
      expect(await journalIn(dir).resume({})).toBe(false);
    }
  });
});
