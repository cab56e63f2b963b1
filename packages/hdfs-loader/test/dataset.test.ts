import { createHash } from 'node:crypto';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { encodeSafetensors, type Tensor } from '@weft/safetensors';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../src/dataset.js';
import { writeDataset } from '../src/dataset-writer.js';
import type { Manifest } from '../src/manifest.js';
import { fileStorage } from '../src/storage/file-storage.js';
import { scratchFolder } from './scratch-folder.js';
import { floatSamples, syntheticSamples, syntheticSource } from './synthetic-source.js';

async function made(shardSamples = 10): Promise<string> {
  const dir = join(scratchFolder(), 'd');
  await writeDataset(syntheticSource(), dir, { shardSamples });
  return dir;
}

const inputs: Tensor = { dtype: 'U8', shape: [7, 2, 2, 1], data: new Uint8Array(28) };

/** Replaces a shard's contents, and makes the manifest agree about size and checksum. */
function forge(dir: string, tensors: Record<string, Tensor> | Buffer): void {
  const bytes = Buffer.isBuffer(tensors) ? tensors : Buffer.concat(encodeSafetensors(tensors));
  const path = join(dir, 'manifest.json');
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  Object.assign(manifest.subsets.test.shards[0]!, { bytes: bytes.length, sha256 });
  writeFileSync(path, JSON.stringify(manifest));
  writeFileSync(join(dir, 'test-00000.safetensors'), bytes);
}

describe('openDataset', () => {
  it.each([1, 4, 25, 10_000])('loads what the source gave, with shards of %i', async (shardSamples) => {
    const dataset = await openDataset(await made(shardSamples));
    expect(await dataset.subset('train').load()).toEqual(syntheticSamples(25));
    expect(await dataset.subset('test').load()).toEqual(syntheticSamples(7, 100));
    expect(dataset.subset('train')).toMatchObject({ name: 'train', samples: 25, features: 4 });
    await dataset.subset('train').verify();
  });

  it('loads real numbers, and reads them into given memory', async () => {
    const dir = join(scratchFolder(), 'd');
    await writeDataset(syntheticSource({ train: floatSamples(25), test: floatSamples(0) }), dir, { shardSamples: 10 });
    const train = (await openDataset(dir)).subset('train');
    expect(train.dtype).toBe('float32');
    expect(await train.load()).toEqual(floatSamples(25));
    const into = new Uint8Array(train.manifest.shards[1]!.bytes);
    const part = await train.readShard(1, into);
    expect(part).toEqual(floatSamples(10, 10));
    expect(part.inputs.buffer).toBe(into.buffer);
  });

  it('refuses shards of another type than the manifest’s', async () => {
    const dir = await made();
    const path = join(dir, 'manifest.json');
    // A float32 data set has shards of four times the bytes at least.
    writeFileSync(path, readFileSync(path, 'utf8').replace('"uint8"', '"float32"'));
    await expect((await openDataset(dir)).subset('test').load()).rejects.toMatchObject({ code: 'INVALID_SHARD' });
    forge(dir, {
      inputs,
      labels: { dtype: 'U16', shape: [7], data: new Uint16Array(7) },
      more: { ...inputs, shape: [28] },
    });
    await expect((await openDataset(dir)).subset('test').load()).rejects.toThrow(
      /test-00000\.safetensors: expected inputs F32 \[7,2,2,1\], got U8 \[7,2,2,1\]/,
    );
  });

  it('reads a file beside the manifest', async () => {
    const dir = await made();
    writeFileSync(join(dir, 'preprocessing.safetensors'), 'fitted');
    const pieces: Uint8Array[] = [];
    const dataset = await openDataset(dir);
    for await (const piece of dataset.readBeside('preprocessing.safetensors')) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe('fitted');
    await expect(dataset.readBeside('none')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('stops opening at a signal', async () => {
    const reason = new Error('stopped');
    await expect(openDataset(scratchFolder(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('refuses a folder without a manifest', async () => {
    const dir = await made();
    rmSync(join(dir, 'manifest.json'));
    await expect(openDataset(dir)).rejects.toMatchObject({ code: 'INVALID_MANIFEST' });
  });

  const damages: [string, (path: string) => void, string, RegExp][] = [
    ['missing', (path) => rmSync(path), 'NOT_FOUND', /train-00001\.safetensors/],
    [
      'truncated',
      (path) => truncateSync(path, 100),
      'INVALID_SHARD',
      /train-00001\.safetensors: expected \d+ bytes, got 100/,
    ],
    [
      'changed in one bit',
      (path) => {
        const bytes = readFileSync(path);
        bytes[bytes.length - 1]! ^= 1;
        writeFileSync(path, bytes);
      },
      'INVALID_SHARD',
      /train-00001\.safetensors: expected SHA-256 [0-9a-f]{64}, got/,
    ],
  ];
  it.each(damages)('finds a shard that is %s, by load and by verify', async (_, damage, code, message) => {
    const dir = await made();
    damage(join(dir, 'train-00001.safetensors'));
    const { subset } = await openDataset(dir);
    const refused = { code, message: expect.stringMatching(message) };
    await expect(subset('train').load()).rejects.toMatchObject(refused);
    await expect(subset('train').verify()).rejects.toMatchObject(refused);
    await subset('test').verify();
  });

  const labels: Tensor = { dtype: 'U16', shape: [7], data: new Uint16Array(7) };
  const forgeries: [string, Record<string, Tensor> | Buffer, RegExp][] = [
    ['no safetensors', Buffer.alloc(500), /expected a JSON header/],
    ['too small for its samples', Buffer.alloc(20), /expected at least 28 bytes for 7 samples, got 20/],
    ['without inputs', { labels, extra: inputs }, /expected inputs U8 \[7,2,2,1\], got undefined/],
    [
      'of another shape',
      { inputs: { ...inputs, shape: [7, 4] }, labels },
      /expected inputs U8 \[7,2,2,1\], got U8 \[7,4\]/,
    ],
    [
      'with other labels',
      { inputs, labels: { dtype: 'U8', shape: [7], data: new Uint8Array(7) } },
      /expected labels U16 \[7\], got U8/,
    ],
    [
      'with a label of 3',
      { inputs, labels: { ...labels, data: Uint16Array.of(0, 3, 0, 0, 0, 0, 0) } },
      /row 1: expected a label below 3, got 3/,
    ],
  ];
  it.each(forgeries)('refuses a shard %s whose checksum is right', async (_, contents, message) => {
    const dir = await made();
    forge(dir, contents);
    const loading = (await openDataset(dir)).subset('test').load();
    await expect(loading).rejects.toMatchObject({ code: 'INVALID_SHARD', message: expect.stringMatching(message) });
  });

  it('reads one shard into memory that is given, and checks its bytes the first time only', async () => {
    const dir = await made();
    const dataset = await openDataset(dir);
    const train = dataset.subset('train');
    const { bytes } = train.manifest.shards[1]!;
    const into = new Uint8Array(bytes + 9);
    const samples = await train.readShard(1, into);
    expect(samples).toEqual(syntheticSamples(10, 10));
    expect([samples.inputs.buffer, samples.labels.buffer]).toEqual([into.buffer, into.buffer]);
    const path = join(dir, 'train-00001.safetensors');
    const changed = readFileSync(path);
    changed[changed.length - 1]! ^= 1;
    writeFileSync(path, changed);
    expect((await train.readShard(1, into)).inputs.at(-1)).toBe(19 ^ 1);
    const again = (await openDataset(dir)).subset('train');
    await expect(again.readShard(1, into)).rejects.toMatchObject({ code: 'INVALID_SHARD' });
    await expect(train.readShard(1, into.subarray(0, bytes - 1))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(train.readShard(3, into)).rejects.toThrow('train: expected a shard of 0 to 2, got 3');
    // Misaligned memory costs a copy of the labels, and nothing else.
    expect(await train.readShard(0, into.subarray(1))).toEqual(syntheticSamples(10));
    await dataset.close();
  });

  it('opens a path, a URL, and a path within a storage', async () => {
    const dir = await made();
    const storage = fileStorage();
    for (const given of [dir, `file://${dir}`, { storage, path: dir }]) {
      const dataset = await openDataset(given);
      expect([dataset.location, dataset.subset('test').samples]).toEqual([dir, 7]);
      await dataset.close();
    }
    await expect(openDataset('ftp://host/x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('says where shards lie', async () => {
    const { subset } = await openDataset(await made());
    const here = new Map([[hostname().toLowerCase(), 1]]);
    expect(await subset('train').shardLocations()).toEqual([here, here, here]);
  });

  it('stops at a signal', async () => {
    const train = (await openDataset(await made())).subset('train');
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(train.load({ signal })).rejects.toThrow('stopped');
    await expect(train.verify({ signal })).rejects.toThrow('stopped');
  });
});
