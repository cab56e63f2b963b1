import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Manifest, manifestOf, parseManifest, readManifest, writeManifest } from '../src/manifest.js';
import { fileStorage } from '../src/storage/file-storage.js';
import { scratchFolder } from './scratch-folder.js';

const shard = (file: string, samples: number) => ({ file, samples, bytes: samples * 4 + 100, sha256: 'ab'.repeat(32) });
const manifest: Manifest = {
  format: 'weft-dataset',
  version: 2,
  name: 'n',
  split: 'npm',
  note: '',
  inputShape: [2, 2, 1],
  dtype: 'uint8',
  classes: 2,
  labelNames: ['a', 'b'],
  subsets: {
    train: {
      samples: 5,
      perClass: [2, 3],
      range: [0, 255],
      shards: [shard('train-0.safetensors', 3), shard('train-1.safetensors', 2)],
    },
    test: { samples: 0, perClass: [0, 0], range: [0, 0], shards: [] },
  },
};
/** The manifest's text with the value at a path replaced (removed when undefined). */
function changed(path: string, value: unknown): string {
  const copy = structuredClone(manifest) as unknown as Record<string, unknown>;
  const keys = path.split('.');
  let at = copy;
  for (const key of keys.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[keys.at(-1)!] = value;
  return JSON.stringify(copy);
}

describe('parseManifest', () => {
  it('accepts what it describes, and fields of later versions', () => {
    expect(parseManifest(JSON.stringify(manifest), 'm')).toEqual(manifest);
    expect(parseManifest(changed('extra', 1), 'm')).toEqual(manifest);
  });

  it.each([
    ['format', 'other', /m: format: /],
    ['version', 1, /m: version: /],
    ['name', '', /m: name: /],
    ['split', undefined, /m: split: /],
    ['inputShape', [28, 0], /m: inputShape\.1: /],
    ['inputShape', [], /m: inputShape: /],
    ['inputShape', [2 ** 30, 2 ** 30], /m: inputShape: too large/],
    ['dtype', 'float64', /m: dtype: expected uint8 or float32/],
    ['subsets.train.range', [0, 256], /m: train\.range: expected a range of uint8 values, got \[0, 256\]/],
    ['subsets.train.range', [0.5, 2], /m: train\.range: /],
    ['subsets.train.range', [3, 2], /m: train\.range: /],
    ['preprocessing', { file: '../p', steps: 's' }, /m: preprocessing\.file: expected a plain file name/],
    ['preprocessing', { file: 'p' }, /m: preprocessing\.steps: /],
    ['classes', 3, /m: expected 3 labelNames, got 2/],
    ['classes', 1.5, /m: classes: /],
    ['subsets.test', undefined, /m: subsets\.test: /],
    ['subsets.train.perClass', [5], /m: train\.perClass: expected 2 counts, got 1/],
    ['subsets.train.perClass', [2, 2], /m: train\.perClass: expected 5 samples in all, got 4/],
    ['subsets.train.perClass', [-1, 6], /m: subsets\.train\.perClass\.0: /],
    ['subsets.train.samples', 6, /m: train\.perClass: expected 6/],
    ['subsets.train.shards.1.samples', 1, /m: train\.shards: expected 5 samples in all, got 4/],
    ['subsets.train.shards.0.file', '../secret', /m: subsets\.train\.shards\.0\.file: expected a plain file name/],
    ['subsets.train.shards.0.file', '/etc/passwd', /plain file name/],
    ['subsets.train.shards.0.file', 'a\\b', /plain file name/],
    ['subsets.train.shards.0.file', 'train-1.safetensors', /m: train: a shard stands twice/],
    ['subsets.train.shards.0.sha256', 'abc', /expected 64 hexadecimal digits/],
    ['subsets.train.shards.0.bytes', 1e300, /m: subsets\.train\.shards\.0\.bytes: /],
  ])('refuses %s = %j in one line', (path, value, message) => {
    const parse = () => parseManifest(changed(path, value), 'm');
    expect(parse).toThrow(
      expect.objectContaining({ code: 'INVALID_MANIFEST', message: expect.stringMatching(message) }),
    );
    expect(parse).toThrow(expect.objectContaining({ message: expect.not.stringContaining('\n') }));
  });

  it.each(['', '{', 'null', '[]', '3'])('refuses the text %j', (text) => {
    expect(() => parseManifest(text, 'm')).toThrow(expect.objectContaining({ code: 'INVALID_MANIFEST' }));
  });
});

describe('parseManifest of real numbers', () => {
  const text = (range: readonly number[]) =>
    changed('subsets.train.range', range).replace('"dtype":"uint8"', '"dtype":"float32"');

  it('takes any finite range, and preprocessing', () => {
    expect(parseManifest(text([-3.5, 1e9]), 'm')).toMatchObject({
      dtype: 'float32',
      subsets: { train: { range: [-3.5, 1e9] } },
    });
    const preprocessing = { file: 'preprocessing.safetensors', steps: 'grayscale,pca=9' };
    expect(parseManifest(changed('preprocessing', preprocessing), 'm')).toEqual({ ...manifest, preprocessing });
  });

  it('refuses a range that is none', () => {
    expect(() => parseManifest(text([1, 0]), 'm')).toThrow(
      'm: train.range: expected a range of float32 values, got [1, 0]',
    );
    expect(() => parseManifest(text([0, 9]).replace('[0,9]', '[0,1e999]'), 'm')).toThrow(
      /m: subsets\.train\.range\.1: /,
    );
  });
});

describe('manifestOf', () => {
  const { name, split, note, inputShape, dtype, labelNames, subsets } = manifest;
  const described = { name, split, note, inputShape, dtype, labelNames };

  it('adds up what the shards say', () => {
    const [first, second] = subsets.train.shards;
    const train = [
      { ...first!, perClass: [2, 1], range: [3, 255] as const },
      { ...second!, perClass: [0, 2], range: [0, 9] as const },
    ];
    expect(manifestOf(described, { train, test: [] })).toEqual(manifest);
  });

  it('says what made the samples, where something did', () => {
    const preprocessing = { file: 'p.safetensors', steps: 'flatten' };
    expect(manifestOf({ ...described, preprocessing }, { train: [], test: [] })).toMatchObject({ preprocessing });
    expect(manifestOf(described, { train: [], test: [] })).not.toHaveProperty('preprocessing');
  });
});

describe('writeManifest and readManifest', () => {
  it('return what was written and leave nothing else', async () => {
    const dir = scratchFolder();
    writeFileSync(join(dir, 'manifest.json'), 'older');
    await writeManifest(fileStorage(), dir, manifest);
    expect(await readManifest(fileStorage(), dir)).toEqual(manifest);
    expect(readdirSync(dir)).toEqual(['manifest.json']);
  });

  it('name the file that is missing or cannot be written', async () => {
    const dir = join(scratchFolder(), 'none');
    await expect(readManifest(fileStorage(), dir)).rejects.toMatchObject({
      code: 'INVALID_MANIFEST',
      message: expect.stringContaining(join(dir, 'manifest.json')),
    });
    const file = join(scratchFolder(), 'file');
    writeFileSync(file, '');
    await expect(writeManifest(fileStorage(), file, manifest)).rejects.toMatchObject({
      message: expect.stringContaining(file),
    });
  });
});
