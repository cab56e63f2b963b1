import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { openDataset } from '../../src/dataset.js';
import { LoaderError } from '../../src/errors.js';
import { type IngestOptions, type IngestProgress, ingest } from '../../src/ingest/ingest.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { scratchFolder } from '../scratch-folder.js';
import { syntheticSamples, syntheticSource, unreadableSource } from '../synthetic-source.js';

// Processes start slowly on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const script = fileURLToPath(new URL('../ingest-process.mjs', import.meta.url));
/** run() in a process of its own, which kills itself before its n-th change. Returns how many there were. */
const inProcess = async (dir: string, n = -1, overwrite = '') => {
  const { stdout } = await promisify(execFile)(process.execPath, [script, dir, `${n}`, overwrite]);
  return Number(stdout);
};
const contents = (dir: string) =>
  Object.fromEntries(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'base64')]));

/** Shards of 10 samples of 2 × 2. */
const shardBytes = 60;
const run = (dir: string, options: IngestOptions = {}, storage: Storage = fileStorage()) =>
  ingest(syntheticSource(), { storage, path: dir }, { shardBytes, ...options });

/** A storage that refuses a write whose path ends so. */
function failing(storage: Storage, end: string, error: Error): Storage {
  const write: Storage['write'] = (path, data, options) =>
    path.endsWith(end) ? Promise.reject(error) : storage.write(path, data, options);
  return new Proxy(storage, {
    get: (target, key) => {
      if (key === 'write') return write;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('ingest', () => {
  it('makes a data set that opens, and leaves nothing beside it', async () => {
    const parent = scratchFolder();
    const progress: IngestProgress[] = [];
    const { manifest, ...result } = await run(join(parent, 'deep', 'd'), { onProgress: (p) => progress.push(p) });
    expect(readdirSync(join(parent, 'deep'))).toEqual(['d']);
    expect(result).toMatchObject({ madeSamples: 32, keptSamples: 0 });
    expect(manifest).toMatchObject({ name: 'synthetic', version: 2, inputShape: [2, 2, 1] });
    expect(manifest.subsets.train).toMatchObject({ samples: 25, perClass: [9, 8, 8], range: [0, 24] });
    expect(manifest.subsets.test.range).toEqual([100, 106]);
    expect(manifest.subsets.train.shards.map((shard) => shard.samples)).toEqual([10, 10, 5]);
    const dataset = await openDataset(join(parent, 'deep', 'd'));
    expect(await dataset.subset('train').load()).toEqual(syntheticSamples(25));
    expect(await dataset.subset('test').load()).toEqual(syntheticSamples(7, 100));
    expect(progress.at(-1)).toEqual({ samples: 32, totalSamples: 32, bytes: 32 * 6, keptSamples: 0 });
  });

  it('takes a name, and the source’s where there is none', async () => {
    const parent = scratchFolder();
    expect((await run(join(parent, 'a'))).manifest.name).toBe('synthetic');
    expect((await run(join(parent, 'b'), { name: 'other' })).manifest.name).toBe('other');
  });

  it('goes on after kill -9 before any of its changes, with the bytes of an undisturbed one', async () => {
    const parent = scratchFolder();
    await run(join(parent, 'whole'));
    const expected = contents(join(parent, 'whole'));
    expect(Object.keys(expected)).toHaveLength(5);
    const changes = await inProcess(join(parent, 'other'));
    let kept = 0;
    for (let n = 0; n < changes; n++) {
      const folder = join(parent, `${n}`);
      mkdirSync(folder);
      await expect(inProcess(join(folder, 'd'), n)).rejects.toMatchObject({ signal: 'SIGKILL' });
      // Nothing, or all of it, has the final name.
      if (readdirSync(folder).includes('d')) expect(contents(join(folder, 'd'))).toEqual(expected);
      else kept += (await run(join(folder, 'd'))).keptSamples;
      expect(contents(join(folder, 'd'))).toEqual(expected);
    }
    // Those that were killed behind a shard did not begin anew.
    expect(kept).toBeGreaterThanOrEqual(2 * 10 + 2 * 20 + 2 * 25 + 32);
  });

  it('never loses what it replaces to kill -9', async () => {
    const parent = scratchFolder();
    // One data set is there already: how it comes to be is the same.
    await run(join(parent, 'whole'));
    const changes = await inProcess(join(parent, 'whole'), -1, 'overwrite');
    const expected = contents(join(parent, 'whole'));
    // Behind the manifest: what was there goes aside, the new one comes, both folders go.
    for (let n = changes - 5; n < changes; n++) {
      const folder = join(parent, `${n}`);
      mkdirSync(join(folder, 'd'), { recursive: true });
      writeFileSync(join(folder, 'd', 'manifest.json'), 'old');
      await expect(inProcess(join(folder, 'd'), n, 'overwrite')).rejects.toMatchObject({ signal: 'SIGKILL' });
      const names = readdirSync(folder);
      expect(names.includes('d') || names.includes('.d.replaced')).toBe(true);
      await run(join(folder, 'd'), { overwrite: true });
      expect(contents(join(folder, 'd'))).toEqual(expected);
      expect(readdirSync(folder)).toEqual(['d']);
    }
  });

  it('makes finished shards again that are not what the journal says', async () => {
    const damages: [number, (data: string) => void][] = [
      [10, (data) => truncateSync(join(data, 'train-00001.safetensors'), 20)],
      [10, (data) => rmSync(join(data, 'train-00001.safetensors'))],
      [0, (data) => rmSync(join(data, 'train-00000.safetensors'))],
      [0, (data) => rmSync(data, { recursive: true })],
      // Of its size, but not of its content: seen on the last one.
      [10, (data) => writeFileSync(join(data, 'train-00001.safetensors'), Buffer.alloc(sizeOf(data)))],
    ];
    const sizeOf = (data: string) => readFileSync(join(data, 'train-00001.safetensors')).length;
    const parent = scratchFolder();
    await run(join(parent, 'whole'));
    for (const [i, [keptSamples, damage]] of damages.entries()) {
      const dir = join(parent, `${i}`);
      const stopped = new LoaderError('UNAVAILABLE', 'no DataNode');
      await expect(run(dir, {}, failing(fileStorage(), 'train-00002.safetensors', stopped))).rejects.toBe(stopped);
      damage(join(parent, `.${i}.ingest`, 'data'));
      expect(await run(dir)).toMatchObject({ keptSamples });
      expect(contents(dir)).toEqual(contents(join(parent, 'whole')));
    }
  });

  it('gives nothing of a killed one the final name that belongs to no data set', async () => {
    const parent = scratchFolder();
    const dir = join(parent, 'd');
    const full = new LoaderError('QUOTA', 'disk full');
    await expect(run(dir, {}, failing(fileStorage(), 'test-00000.safetensors', full))).rejects.toBe(full);
    const data = join(parent, '.d.ingest', 'data');
    for (const name of ['.test-00000.safetensors.0badcafe.partial', 'train-00003.safetensors', 'manifest.json'])
      writeFileSync(join(data, name), 'half');
    expect(await run(dir)).toMatchObject({ keptSamples: 25 });
    await run(join(parent, 'whole'));
    expect(contents(dir)).toEqual(contents(join(parent, 'whole')));
  });

  it('stops at a signal, keeps what is finished, and says so when it goes on', async () => {
    const dir = join(scratchFolder(), 'd');
    const stop = new AbortController();
    const big = syntheticSource({ train: syntheticSamples(10_000) });
    const stopped = ingest(
      big,
      { storage: fileStorage(), path: dir },
      {
        shardBytes: 600,
        signal: stop.signal,
        onProgress: ({ samples }) => samples > 4000 && stop.abort(new Error('stopped')),
      },
    );
    await expect(stopped).rejects.toThrow('stopped');
    expect(readdirSync(join(dir, '..'))).toEqual(['.d.ingest']);
    const notices: string[] = [];
    const { madeSamples, keptSamples } = await ingest(
      big,
      { storage: fileStorage(), path: dir },
      {
        shardBytes: 600,
        onNotice: (line) => notices.push(line),
      },
    );
    expect(keptSamples).toBeGreaterThan(0);
    expect(madeSamples + keptSamples).toBe(10_007);
    expect(notices).toEqual([expect.stringMatching(/^goes on behind \d+ samples in \/.*\.d\.ingest$/)]);
    expect(await (await openDataset(dir)).subset('train').load()).toEqual(syntheticSamples(10_000));
  });

  it('refuses to go on with another source or other options, and begins anew when told', async () => {
    const dir = join(scratchFolder(), 'd');
    const full = new LoaderError('QUOTA', 'disk full');
    const half = () => run(dir, {}, failing(fileStorage(), 'train-00001.safetensors', full));
    await expect(half()).rejects.toBe(full);
    const others: [() => Promise<unknown>, RegExp][] = [
      [() => run(dir, { shardBytes: 120 }), /another shard size: .* begin anew with --restart/],
      [() => run(dir, { name: 'n' }), /another name: /],
      [
        () => ingest(syntheticSource({ fingerprint: 'ff' }), { storage: fileStorage(), path: dir }, { shardBytes }),
        /another source, or options of it: /,
      ],
    ];
    for (const [other, message] of others) {
      await expect(other()).rejects.toMatchObject({ code: 'OTHER_INGEST', message: expect.stringMatching(message) });
    }
    await expect(half()).rejects.toBe(full);
    expect(await run(dir, { name: 'n', restart: true })).toMatchObject({ keptSamples: 0, madeSamples: 32 });
  });

  it('begins anew where the journal cannot be read', async () => {
    const dir = join(scratchFolder(), 'd');
    const full = new LoaderError('QUOTA', 'disk full');
    await expect(run(dir, {}, failing(fileStorage(), 'test-00000.safetensors', full))).rejects.toBe(full);
    for (const text of ['', '{}', 'null']) {
      writeFileSync(join(dir, '..', '.d.ingest', 'journal.json'), text);
      await expect(run(dir, {}, failing(fileStorage(), 'test-00000.safetensors', full))).rejects.toBe(full);
    }
    expect(await run(dir)).toMatchObject({ keptSamples: 25 });
  });

  it('fills an empty folder, and refuses any other before it opens the source', async () => {
    const parent = scratchFolder();
    mkdirSync(join(parent, 'empty'));
    await run(join(parent, 'empty'));
    writeFileSync(join(parent, 'file'), 'keep');
    const source = { ...syntheticSource(), open: () => Promise.reject(new Error('was opened')) };
    for (const name of ['empty', 'file']) {
      const refused = ingest(source, { storage: fileStorage(), path: join(parent, name) });
      await expect(refused).rejects.toMatchObject({
        code: 'DATASET_EXISTS',
        message: expect.stringMatching(new RegExp(`${name}: expected no such folder, .*--overwrite`)),
      });
    }
    await expect(ingest(source, { storage: fileStorage(), path: `${parent}/` })).rejects.toThrow(
      /path of a new folder/,
    );
    expect(readdirSync(parent).sort()).toEqual(['empty', 'file']);
  });

  it('replaces what is there only when told, and only at the end', async () => {
    const parent = scratchFolder();
    const dir = join(parent, 'd');
    await run(dir);
    const before = contents(dir);
    const full = new LoaderError('QUOTA', 'disk full');
    const source = syntheticSource({ train: syntheticSamples(12), fingerprint: '01' });
    const over = (storage: Storage) => ingest(source, { storage, path: dir }, { shardBytes, overwrite: true });
    await expect(over(failing(fileStorage(), 'manifest.json', full))).rejects.toBe(full);
    expect(contents(dir)).toEqual(before);
    expect(await over(fileStorage())).toMatchObject({ keptSamples: 19 });
    expect((await openDataset(dir)).subset('train').samples).toBe(12);
    expect(readdirSync(parent)).toEqual(['d']);
  });

  it('leaves what came into being while it worked alone, and its own for --overwrite', async () => {
    const dir = join(scratchFolder(), 'd');
    const onProgress = () => {
      mkdirSync(dir, { recursive: true });
      writeFileSync(join(dir, 'mine'), 'keep');
    };
    await expect(run(dir, { onProgress })).rejects.toMatchObject({ code: 'DATASET_EXISTS' });
    expect(readdirSync(dir)).toEqual(['mine']);
    await expect(run(dir, { overwrite: true })).rejects.toMatchObject({ code: 'DATASET_EXISTS' });
    writeFileSync(join(dir, 'manifest.json'), 'another data set');
    expect(await run(dir, { overwrite: true })).toMatchObject({ keptSamples: 32, madeSamples: 0 });
  });

  it('overwrites data sets only, and says so before it opens the source', async () => {
    const parent = scratchFolder();
    mkdirSync(join(parent, 'photos', 'cats'), { recursive: true });
    writeFileSync(join(parent, 'photos', 'cats', '1.jpg'), 'meow');
    writeFileSync(join(parent, 'file'), 'keep');
    const source = { ...syntheticSource(), open: () => Promise.reject(new Error('was opened')) };
    for (const name of ['photos', 'file']) {
      const target = { storage: fileStorage(), path: join(parent, name) };
      await expect(ingest(source, target, { overwrite: true })).rejects.toMatchObject({
        code: 'DATASET_EXISTS',
        message: expect.stringMatching(new RegExp(`${name}: expected a data set to overwrite`)),
      });
    }
    expect(readdirSync(join(parent, 'photos'))).toEqual(['cats']);
  });

  it('puts back what it was to replace when the new one cannot be moved there', async () => {
    const parent = scratchFolder();
    const dir = join(parent, 'd');
    await run(dir);
    const before = contents(dir);
    const source = syntheticSource({ train: syntheticSamples(12), fingerprint: '01' });
    const storage = fileStorage();
    const rename = storage.rename.bind(storage);
    const refused = new LoaderError('QUOTA', 'no more names');
    storage.rename = (from, to, o) => (from.endsWith('/data') ? Promise.reject(refused) : rename(from, to, o));
    await expect(ingest(source, { storage, path: dir }, { shardBytes, overwrite: true })).rejects.toBe(refused);
    expect(contents(dir)).toEqual(before);
    expect(readdirSync(parent).sort()).toEqual(['.d.ingest', 'd']);
  });

  it('gives no final name to what another process has damaged meanwhile', async () => {
    const parent = scratchFolder();
    const dir = join(parent, 'd');
    const storage = fileStorage();
    const write = storage.write.bind(storage);
    storage.write = async (path, data, o) => {
      const bytes = await write(path, data, o);
      if (path.endsWith('/manifest.json')) rmSync(join(parent, '.d.ingest/data/train-00001.safetensors'));
      return bytes;
    };
    await expect(ingest(syntheticSource(), { storage, path: dir }, { shardBytes })).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringMatching(/train-00001\.safetensors: expected it as it was written/),
    });
    expect(readdirSync(parent)).toEqual(['.d.ingest']);
    await run(dir);
    expect(await (await openDataset(dir)).subset('train').load()).toEqual(syntheticSamples(25));
  });

  it('tells of what failed first when the storage does not answer any more', async () => {
    const storage = fileStorage();
    const down = new LoaderError('UNAVAILABLE', 'nobody answers');
    const asked = new LoaderError('UNAVAILABLE', 'still nobody');
    let isDown = false;
    const method = storage.stat.bind(storage);
    storage.stat = (path, o) => (isDown ? Promise.reject(asked) : method(path, o));
    const onProgress = () => {
      isDown = true;
      throw down;
    };
    const target = { storage, path: join(scratchFolder(), 'd') };
    await expect(ingest(syntheticSource(), target, { shardBytes, onProgress })).rejects.toBe(down);
  });

  it('ends at a signal while the storage does not answer', async () => {
    const storage = fileStorage();
    const write = storage.write.bind(storage);
    const stop = new AbortController();
    storage.write = (path, data, o) => {
      if (!path.endsWith('/journal.json') || !o?.signal) return write(path, data, o);
      const { signal } = o;
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        stop.abort(new Error('stopped'));
      });
    };
    const target = { storage, path: join(scratchFolder(), 'd') };
    await expect(ingest(syntheticSource(), target, { shardBytes, signal: stop.signal })).rejects.toThrow('stopped');
  });

  it('lets one in at a time', async () => {
    const parent = scratchFolder();
    for (let round = 0; round < 10; round++) {
      const dir = join(parent, `${round}`);
      const ends = await Promise.allSettled([run(dir), run(dir), run(dir)]);
      const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as LoaderError] : []));
      expect(refused).toHaveLength(2);
      for (const { code } of refused) expect(['LOCKED', 'DATASET_EXISTS']).toContain(code);
      expect(await (await openDataset(dir)).subset('train').load()).toEqual(syntheticSamples(25));
    }
    expect(readdirSync(parent)).toHaveLength(10);
  });

  it('passes on what the source and the disk say, leaving nothing where nothing was finished', async () => {
    const parent = scratchFolder();
    const error = new LoaderError('TRUNCATED', 'ends early');
    const target = { storage: fileStorage(), path: join(parent, 'd') };
    await expect(ingest(unreadableSource(error), target)).rejects.toBe(error);
    await expect(ingest(syntheticSource({ labelNames: ['a', 'b'] }), target, { shardBytes })).rejects.toThrow(
      /row 2: /,
    );
    await expect(ingest(syntheticSource(), target, { shardBytes: 0 })).rejects.toThrow(/shardBytes: expected/);
    expect(readdirSync(parent)).toEqual([]);
    writeFileSync(join(parent, 'file'), '');
    const inFile = { storage: fileStorage(), path: join(parent, 'file', 'd') };
    await expect(ingest(syntheticSource(), inFile)).rejects.toBeInstanceOf(LoaderError);
  });
});
