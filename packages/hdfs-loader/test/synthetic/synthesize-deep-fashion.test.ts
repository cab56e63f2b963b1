import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deepFashion } from '../../src/sources/deep-fashion.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { type SynthesizeOptions, synthesizeDeepFashion } from '../../src/synthetic/synthesize-deep-fashion.js';
import { started } from '../fake-storage.js';
import { madeUpGarments } from '../made-up-garments.js';
import { readSource } from '../read-source.js';
import { scratchFolder } from '../scratch-folder.js';

const run = (path: string, o: Partial<SynthesizeOptions> = {}) =>
  synthesizeDeepFashion(madeUpGarments(), { storage: fileStorage(), path }, { images: 92, threads: 2, ...o });

function digest(dir: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort())
    if (/\.(?:jpg|txt)$/.test(name)) hash.update(`${name}\0`).update(readFileSync(join(dir, name)));
  return hash.digest('hex');
}

describe('synthesizeDeepFashion', { timeout: 60_000 }, () => {
  it('makes what the source of DeepFashion reads, which knows that it is made up', async () => {
    const parent = scratchFolder();
    const dir = join(parent, 'd');
    mkdirSync(dir);
    const told: number[] = [];
    const made = await run(dir, { images: 184, onProgress: ({ samples }) => told.push(samples) });
    expect(made).toMatchObject({ images: 184, categories: 46, partitions: { train: 92, val: 46, test: 46 } });
    expect(told).toEqual(Array.from({ length: 184 }, (_, i) => i + 1));
    expect(readdirSync(parent)).toEqual(['d']);
    const { opened, train, test } = await readSource(deepFashion(fileStorage(), dir));
    expect(opened).toMatchObject({ name: 'synthetic-deep-fashion', split: 'synthetic', inputShape: [128, 128, 3] });
    expect(opened.note).toMatch(
      /^Synthetic pictures in the layout of DeepFashion: .* 4 of the 50 categories have no image/,
    );
    expect([train.count, test.count, opened.labelNames.length]).toEqual([138, 46, 46]);
    expect(new Set(test.labels).size).toBe(46);
    expect(readFileSync(join(dir, 'SYNTHETIC.txt'), 'utf8')).toMatch(
      /^Synthetic: 184 .* with seed 1\.\nNo picture of DeepFashion/,
    );
    const files = readdirSync(join(dir, 'img'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.jpg'),
    );
    const sizes = files.map((name) => readFileSync(join(dir, 'img', name)).length);
    expect(made.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
  });

  it('makes the same bytes with the same seed, with any number of threads', async () => {
    const dir = scratchFolder();
    for (const [name, o] of [
      ['a', {}],
      ['b', { threads: 1 }],
      ['c', { seed: 2 }],
    ] as const)
      await run(join(dir, name), o);
    expect(digest(join(dir, 'b'))).toBe(digest(join(dir, 'a')));
    expect(digest(join(dir, 'c'))).not.toBe(digest(join(dir, 'a')));
  });

  it('writes into HDFS too', async () => {
    const { fake, storage } = await started();
    await synthesizeDeepFashion(madeUpGarments(), { storage, path: '/data/d' }, { images: 92, threads: 2 });
    const { train } = await readSource(deepFashion(storage, '/data/d'));
    expect(train.count).toBe(46);
    await fake.close();
  });

  it('refuses a folder that holds something, and arguments that cannot be', async () => {
    const dir = scratchFolder();
    writeFileSync(join(dir, 'mine'), '');
    await expect(run(dir)).rejects.toMatchObject({ code: 'DATASET_EXISTS', message: expect.stringContaining(dir) });
    await expect(run(join(dir, 'mine'))).rejects.toMatchObject({ code: 'DATASET_EXISTS' });
    for (const o of [{ images: 91 }, { seed: -1 }, { seed: 0.5 }, { threads: 0 }])
      await expect(run(join(dir, 'd'), o)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(readdirSync(dir)).toEqual(['mine']);
  });

  it('leaves nothing when it is interrupted, and clears what a killed one has left', async () => {
    const dir = scratchFolder();
    const abort = new AbortController();
    const stopped = run(join(dir, 'd'), {
      signal: abort.signal,
      onProgress: ({ samples }) => samples === 5 && abort.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(readdirSync(dir)).toEqual([]);
    mkdirSync(join(dir, '.d.synthesis', 'img'), { recursive: true });
    writeFileSync(join(dir, '.d.synthesis', 'img', 'old.jpg'), '');
    await run(join(dir, 'd'));
    expect(readdirSync(dir)).toEqual(['d']);
    expect(readdirSync(join(dir, 'd', 'img'))).not.toContain('old.jpg');
  });
});
