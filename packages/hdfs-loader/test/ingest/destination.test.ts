import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { destinationAt, publish, requireFree, sizesIn } from '../../src/ingest/destination.js';
import { type Manifest, manifestOf, writeManifest } from '../../src/manifest.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { scratchFolder } from '../scratch-folder.js';

const storage = fileStorage();
const described = { name: 'n', split: 's', note: '', inputShape: [2], dtype: 'uint8', labelNames: ['a'] } as const;
const empty = manifestOf(described, { train: [], test: [] });
async function staged(manifest: Manifest = empty) {
  const parent = scratchFolder();
  const to = destinationAt(storage, join(parent, 'd'));
  const data = join(to.staging, 'data');
  await writeManifest(storage, data, manifest);
  const requireLock = () => Promise.resolve();
  return { parent, to, data, o: { data, overwrite: false, manifest, requireLock } };
}

describe('destinationAt', () => {
  it('stages beside the path, hidden, always under the same name', () => {
    expect(destinationAt(storage, '/data/x')).toMatchObject({
      staging: '/data/.x.ingest',
      replaced: '/data/.x.replaced',
    });
    expect(() => destinationAt(storage, '/data/')).toThrow('/data/: expected the path of a new folder');
  });
});

describe('requireFree', () => {
  it('lets pass what is not there or empty, and a data set that is to be replaced', async () => {
    const parent = scratchFolder();
    const at = (name: string) => destinationAt(storage, join(parent, name));
    mkdirSync(join(parent, 'empty'));
    mkdirSync(join(parent, 'set'));
    mkdirSync(join(parent, 'photos', 'cats'), { recursive: true });
    writeFileSync(join(parent, 'set', 'manifest.json'), '');
    for (const name of ['none', 'empty']) await requireFree(at(name), { overwrite: false });
    await requireFree(at('set'), { overwrite: true });
    for (const [name, overwrite] of [
      ['set', false],
      ['photos', false],
      ['photos', true],
    ] as const)
      await expect(requireFree(at(name), { overwrite })).rejects.toMatchObject({ code: 'DATASET_EXISTS' });
  });
});

describe('publish', () => {
  it('renames what is whole', async () => {
    const { parent, to, o } = await staged();
    await publish(to, o);
    expect(readdirSync(join(parent, 'd'))).toEqual(['manifest.json']);
  });

  it('gives no name to what lacks a file that the manifest names, or without the lock', async () => {
    const { to, o } = await staged({ ...empty, preprocessing: { file: 'p.safetensors', steps: 'flatten' } });
    await expect(publish(to, o)).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringMatching(/p\.safetensors: expected it as it was written/),
    });
    const lost = new Error('lock lost');
    await expect(publish(to, { ...o, requireLock: () => Promise.reject(lost) })).rejects.toBe(lost);
  });

  it('replaces a data set when told', async () => {
    const { parent, to, o } = await staged();
    mkdirSync(join(parent, 'd'));
    writeFileSync(join(parent, 'd', 'manifest.json'), 'old');
    await expect(publish(to, o)).rejects.toMatchObject({ code: 'DATASET_EXISTS' });
    await publish(to, { ...o, overwrite: true });
    expect(readdirSync(parent).sort()).toEqual(['.d.ingest', 'd']);
  });
});

describe('sizesIn', () => {
  it('is empty where there is no folder', async () => {
    const dir = scratchFolder();
    writeFileSync(join(dir, 'a'), 'abc');
    expect(await sizesIn(storage, dir, {})).toEqual(new Map([['a', 3]]));
    expect(await sizesIn(storage, join(dir, 'none'), {})).toEqual(new Map());
  });
});
