import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../src/dataset.js';
import { writeDataset } from '../src/dataset-writer.js';
import { readShard, requireRoom, requireSize, verifyShard } from '../src/shard.js';
import { fileStorage } from '../src/storage/file-storage.js';
import { scratchFolder } from './scratch-folder.js';
import { syntheticSource } from './synthetic-source.js';

async function shardFile(count = 25) {
  const dir = join(scratchFolder(), 'd');
  const inputs = new Uint8Array(randomBytes(count * 4));
  const train = { inputs, labels: new Uint16Array(count), count, features: 4 };
  await writeDataset(syntheticSource({ train, test: train }), dir, { shardSamples: count });
  const { manifest } = await openDataset(dir);
  const shard = manifest.subsets.train.shards[0]!;
  return { storage: fileStorage(), path: join(dir, shard.file), shard, manifest, inputs };
}

describe('readShard', () => {
  it('lets the event loop go on while it hashes', async () => {
    const file = await shardFile(2 ** 20);
    const into = new Uint8Array(file.shard.bytes);
    let turns = 0;
    let reading = true;
    const turn = (): void => {
      turns += 1;
      if (reading) setImmediate(turn);
    };
    turn();
    const samples = await readShard(file, into, { checked: false });
    reading = false;
    // 4 MiB in 16 pieces: a turn after each at least.
    expect(turns).toBeGreaterThanOrEqual(16);
    expect(Buffer.compare(samples.inputs as Uint8Array, file.inputs)).toBe(0);
  });

  it('stops at a signal while it hashes', async () => {
    const file = await shardFile(2 ** 20);
    const abort = new AbortController();
    const reading = readShard(file, new Uint8Array(file.shard.bytes), { checked: false, signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
  });
});

describe('what is said of a shard', () => {
  it('fits its file', async () => {
    const file = await shardFile();
    await requireSize(file, {});
    requireRoom(file);
    await verifyShard(file, {});
  });

  it('does not', async () => {
    const file = await shardFile();
    const other = (over: object) => ({ ...file, shard: { ...file.shard, ...over } });
    await expect(requireSize(other({ bytes: 9 }), {})).rejects.toThrow(/expected 9 bytes, got \d+/);
    expect(() => requireRoom(other({ samples: 1000 }))).toThrow(/expected at least 4000 bytes for 1000 samples/);
    await expect(verifyShard(other({ sha256: '0' }), {})).rejects.toMatchObject({ code: 'INVALID_SHARD' });
  });
});
