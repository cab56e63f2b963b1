import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { writeDataset } from '../../src/dataset-writer.js';
import { type IngestOptions, ingest } from '../../src/ingest/ingest.js';
import {
  BadImageError,
  countLeftOut,
  type LeftOut,
  leftOutReport,
  leftOutSentence,
  withAdvice,
} from '../../src/sources/bad-images.js';
import { classFolders } from '../../src/sources/class-folders.js';
import { deepFashion } from '../../src/sources/deep-fashion.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { badFiles, photograph } from '../bad-files.js';
import { started } from '../fake-storage.js';
import { scratchFolder } from '../scratch-folder.js';

vi.setConfig({ testTimeout: 120_000 });

const bad = await badFiles();
const byText = (a: string, b: string): number => (a < b ? -1 : 1);
const names = Object.keys(bad);
const good = await Promise.all(Array.from({ length: 12 }, (_, i) => photograph(i).jpeg().toBuffer()));
const imageSize = { height: 8, width: 8 };
const counts = countLeftOut(names.map((file) => ({ file, subset: 'train', reason: bad[file]![0] })));

/** Two classes with six good photographs each, and all bad files in the first. */
const inFolders = (root = ''): Record<string, Buffer> => ({
  ...Object.fromEntries(good.map((bytes, i) => [`${root}${i % 2 === 0 ? 'a' : 'b'}/${i}.jpg`, bytes])),
  ...Object.fromEntries(names.map((name) => [`${root}a/${name}`, bad[name]![1]])),
});

/** The same in DeepFashion's layout: every other file is for testing. */
function inDeepFashion(): Record<string, Buffer> {
  const files = Object.entries(inFolders('img/'));
  const table = (header: string, rows: readonly string[]): Buffer =>
    Buffer.from(`${rows.length}\n${header}\n${rows.join('\n')}\n`);
  return {
    ...Object.fromEntries(files),
    'Anno/list_category_cloth.txt': table('category_name category_type', ['Anorak 1', 'Blazer 1']),
    'Anno/list_category_img.txt': table(
      'image_name category_label',
      files.map(([name]) => `${name} ${name.startsWith('img/a') ? 1 : 2}`),
    ),
    'Eval/list_eval_partition.txt': table(
      'image_name evaluation_status',
      files.map(([name], i) => `${name} ${i % 2 === 0 ? 'train' : 'test'}`),
    ),
  };
}

async function put(storage: Storage, dir: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) await storage.write(`${dir}/${name}`, bytes);
}
const report = (dir: string) => JSON.parse(readFileSync(join(dir, 'bad-images.json'), 'utf8')) as { files: LeftOut[] };

describe('countLeftOut, leftOutSentence, leftOutReport', () => {
  const files: LeftOut[] = [
    { file: 'b/2.jpg', subset: 'train', reason: 'truncated' },
    { file: 'a/1.jpg', subset: null, reason: 'cmyk' },
    { file: 'b/10.jpg', subset: 'test', reason: 'truncated' },
  ];

  it('count by reason, in one order', () => {
    expect(countLeftOut(files)).toEqual({ total: 3, reasons: { cmyk: 1, truncated: 2 } });
    expect(leftOutSentence(countLeftOut(files))).toBe('3 files were left out: 1 cmyk, 2 truncated');
    expect(leftOutSentence(countLeftOut(files.slice(0, 1)))).toBe('1 file was left out: 1 truncated');
    expect(leftOutSentence(countLeftOut([]))).toBeNull();
  });

  it('are the same bytes in whatever order files were found', () => {
    expect(leftOutReport(files.toReversed())).toEqual(leftOutReport(files));
    expect(JSON.parse(leftOutReport(files).toString())).toEqual({
      format: 'weft-bad-images',
      version: 1,
      total: 3,
      reasons: { cmyk: 1, truncated: 2 },
      files: [files[1], files[2], files[0]],
    });
  });
});

describe('withAdvice', () => {
  it('keeps the reason, and says how to go on', () => {
    const error = withAdvice(new BadImageError('cmyk', 'a.jpg: got CMYK'));
    expect(error).toMatchObject({
      code: 'INVALID_SOURCE',
      reason: 'cmyk',
      message: 'a.jpg: got CMYK (cmyk); --on-bad-image skip leaves such files out',
    });
  });
});

describe('bad images of a source', () => {
  it.each(names)('%s stops the ingest, by name, and leaves nothing', async (name) => {
    const parent = scratchFolder();
    const storage = fileStorage();
    await put(storage, join(parent, 'photos'), {
      'a/1.jpg': good[0]!,
      'b/2.jpg': good[1]!,
      [`a/${name}`]: bad[name]![1],
    });
    const destination = { storage, path: join(parent, 'd') };
    await expect(
      ingest(classFolders(storage, join(parent, 'photos'), { imageSize }), destination),
    ).rejects.toMatchObject({
      code: 'INVALID_SOURCE',
      message: expect.stringMatching(
        new RegExp(`/photos/a/${name}: [^\\n]* \\(${bad[name]![0]}\\); --on-bad-image skip leaves such files out$`),
      ),
    });
    expect(readdirSync(parent)).toEqual(['photos']);
  });

  it.each(['folders', 'deep-fashion'] as const)('of every kind are left out of %s and counted', async (layout) => {
    const parent = scratchFolder();
    const [from, to] = [join(parent, 'photos'), join(parent, 'd')];
    const storage = fileStorage();
    await put(storage, from, layout === 'folders' ? inFolders('train/') : inDeepFashion());
    const options = { imageSize, onBadImage: 'skip' } as const;
    const source = layout === 'folders' ? classFolders(storage, from, options) : deepFashion(storage, from, options);
    const progress: (number | null)[] = [];
    const result = await ingest(source, { storage, path: to }, {
      shardBytes: 5 * 194,
      onProgress: (p) => progress.push(p.samples, p.totalSamples),
    } satisfies IngestOptions);
    const { train, test } = result.manifest.subsets;
    expect(train.samples + test.samples).toBe(12);
    expect(train.perClass.map((n, label) => n + test.perClass[label]!)).toEqual([6, 6]);
    expect(progress.slice(-2)).toEqual([12, 12]);
    expect(result.leftOut).toEqual(counts);
    expect(result.manifest.note).toContain(` ${leftOutSentence(counts)}.`);
    const root = layout === 'folders' ? 'train/a/' : 'img/a/';
    expect(report(to)).toMatchObject({
      ...counts,
      files: names.toSorted(byText).map((name) => ({ file: `${root}${name}`, reason: bad[name]![0] })),
    });
    // writeDataset makes the same of it.
    await writeDataset(source, join(parent, 'e'), { shardSamples: 5 });
    const contents = (dir: string) => readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'base64')]);
    expect(contents(join(parent, 'e'))).toEqual(contents(to));
  });

  it('are left out in HDFS as in files', async () => {
    const { fake, storage } = await started();
    const options = { imageSize, onBadImage: 'skip' } as const;
    await put(storage, '/photos', inFolders());
    const inHdfs = await ingest(classFolders(storage, '/photos', options), { storage, path: '/d' });
    expect(inHdfs.leftOut).toEqual(counts);
    const dir = scratchFolder();
    const files = fileStorage();
    await put(files, join(dir, 'photos'), inFolders());
    await ingest(classFolders(files, join(dir, 'photos'), options), { storage: files, path: join(dir, 'd') });
    for (const name of ['bad-images.json', 'train-00000.safetensors']) {
      const got: Uint8Array[] = [];
      for await (const piece of storage.read(`/d/${name}`)) got.push(piece);
      // Modification times are part of a fingerprint, and of nothing else.
      expect(Buffer.concat(got).equals(readFileSync(join(dir, 'd', name)))).toBe(true);
    }
    await fake.close();
  });

  it('do not decide the shape: the first good one does', async () => {
    const dir = scratchFolder();
    const storage = fileStorage();
    await put(storage, dir, { ...inFolders(), 'a/small.png': await photograph().resize(16, 16).png().toBuffer() });
    const source = classFolders(storage, dir, { onBadImage: 'skip', testShare: 0 });
    const { inputShape } = await source.open();
    expect([16, 32]).toContain(inputShape[0]);
    const all = Object.fromEntries(names.map((name) => [`x/${name}`, bad[name]![1]]));
    const none = scratchFolder();
    await put(storage, none, all);
    await expect(classFolders(storage, none, { onBadImage: 'skip', testShare: 0 }).open()).rejects.toThrow(
      `expected at least one training image, got ${names.length} bad ones`,
    );
  });
});
