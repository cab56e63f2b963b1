import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ClassFolderOptions, classFolders } from '../../src/sources/class-folders.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { grayPng, writeFiles } from '../image-folder.js';
import { readSource } from '../read-source.js';
import { scratchFolder } from '../scratch-folder.js';

/** 20 images a class, each of its own brightness; names that need care. */
async function folder(classes = ['shoe & boot', 'bag', 'Ärmel #1 +100%']): Promise<string> {
  const dir = scratchFolder();
  for (const [c, name] of classes.entries())
    for (let i = 0; i < 20; i++) writeFiles(dir, { [`${name}/${i} %41#+.png`]: await grayPng(c * 20 + i) });
  return dir;
}
const open = (dir: string, options: ClassFolderOptions = {}) => classFolders(fileStorage(), dir, options);

describe('classFolders', () => {
  it('names classes by their folders, sorted, and cuts a seeded share of each', async () => {
    const dir = await folder();
    const { opened, train, test } = await readSource(open(dir, { name: 'mine' }));
    expect(opened).toMatchObject({
      name: 'mine',
      split: 'seeded',
      inputShape: [4, 4, 1],
      labelNames: ['bag', 'shoe & boot', 'Ärmel #1 +100%'],
    });
    expect(opened.note).toBe('Of each class, 10 % are test images, drawn with seed 1.');
    expect([train.count, test.count]).toEqual([54, 6]);
    const values = (samples: typeof train) => [...samples.inputs.filter((_, i) => i % 16 === 0)];
    expect([...values(train), ...values(test)].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 60 }, (_, i) => i),
    );
    // Brightness tells the folder, and so the class.
    expect([...train.labels]).toEqual(values(train).map((value) => [1, 0, 2][Math.floor(value / 20)]));
    // No shard is one class.
    expect(new Set(train.labels.subarray(0, 10)).size).toBe(3);
    expect((await readSource(open(dir))).train).toEqual(train);
    expect((await readSource(open(dir, { seed: 2 }))).train).not.toEqual(train);
    expect((await readSource(open(dir, { testShare: 0 }))).test.count).toBe(0);
  });

  it('takes the folders train, val and test for the split', async () => {
    const dir = scratchFolder();
    for (const [i, part] of ['train/a', 'train/b', 'val/a', 'test/b', 'test/c'].entries())
      writeFiles(dir, { [`${part}/1.png`]: await grayPng(i), [`${part}/.DS_Store`]: 'x', _SUCCESS: '' });
    const { opened, train, test } = await readSource(open(dir));
    expect(opened).toMatchObject({ split: 'folders', labelNames: ['a', 'b', 'c'] });
    expect([train.count, new Set(test.labels)]).toEqual([3, new Set([1, 2])]);
  });

  it('counts what it leaves out: what tools leave about, and what lies beside the classes', async () => {
    const dir = await folder(['a', 'b']);
    writeFiles(dir, {
      'a/.DS_Store': 'x',
      'b/Thumbs.db': 'x',
      'README.md': 'x',
      '1.png': await grayPng(1),
      _SUCCESS: '',
    });
    const opened = await open(dir).open();
    expect(opened.leftOut?.map(({ file, reason }) => `${file} ${reason}`).toSorted()).toEqual([
      '1.png outside',
      'README.md outside',
      '_SUCCESS hidden',
      'a/.DS_Store hidden',
      'b/Thumbs.db hidden',
    ]);
    writeFiles(dir, { 'b/notes.txt': '', 'b/more.png/x.png': '' });
    await expect(open(dir).open()).rejects.toThrow(/ \(not-an-image\); --on-bad-image skip leaves such files out$/);
    const skipping = await open(dir, { onBadImage: 'skip' }).open();
    expect(skipping.leftOut).toHaveLength(7);
    for (const file of ['b/notes.txt', 'b/more.png'])
      expect(skipping.leftOut).toContainEqual({ file, subset: null, reason: 'not-an-image' });
    writeFiles(dir, { 'only/notes.txt': '' });
    await expect(open(dir, { onBadImage: 'skip' }).open()).rejects.toThrow(/only: expected images, got none/);
  });

  it('makes all alike when told, and tells of long lists', async () => {
    const dir = scratchFolder();
    for (let i = 0; i < 1001; i++) writeFiles(dir, { [`a/${i}.png`]: i === 0 ? await grayPng(9, 7) : 'not read' });
    const found: number[] = [];
    await open(dir, { imageSize: { height: 2, width: 2 } })
      .open({ onProgress: ({ stage, done }) => stage === 'list' && found.push(done) })
      .catch(() => {});
    expect(found).toEqual([1000]);
  });

  it('has a fingerprint of the files, their times and the cut', async () => {
    const dir = await folder(['a', 'b']);
    const print = async (options?: ClassFolderOptions) => (await open(dir, options).open()).fingerprint;
    const before = await print();
    expect(await print()).toBe(before);
    expect(await print({ seed: 5 })).not.toBe(before);
    expect(await print({ testShare: 0.5 })).not.toBe(before);
    utimesSync(join(dir, 'a', '3 %41#+.png'), 1, 1);
    const touched = await print();
    expect(touched).not.toBe(before);
    rmSync(join(dir, 'b', '3 %41#+.png'));
    expect(await print()).not.toBe(touched);
  });

  const faults: [string, (dir: string) => void, RegExp][] = [
    ['a missing folder', (dir) => rmSync(dir, { recursive: true }), /cannot read .*no such file/],
    [
      'a folder without folders',
      (dir) => {
        rmSync(dir, { recursive: true });
        mkdirSync(dir);
      },
      /expected a folder for each class/,
    ],
    ['an empty class', (dir) => mkdirSync(join(dir, 'c')), /\/c: expected images, got none/],
    [
      'another file among the images',
      (dir) => writeFileSync(join(dir, 'a', 'notes.txt'), ''),
      /a\/notes\.txt: expected an image .*got a file/,
    ],
    [
      'a folder among the images',
      (dir) => mkdirSync(join(dir, 'a', 'more.png')),
      /a\/more\.png: expected an image .*got a directory/,
    ],
    [
      'a zero-byte image',
      (dir) => writeFileSync(join(dir, 'b', '3 %41#+.png'), ''),
      /b\/3 %41#\+\.png: expected an image .*got an empty file/,
    ],
    [
      'a class beside train',
      (dir) => writeFiles(dir, { 'train/a/1.png': '' }),
      /\/a: expected train, val or test beside .*\/train/,
    ],
  ];
  it.each(faults)('refuses %s', async (_, damage, message) => {
    const dir = await folder(['a', 'b']);
    damage(dir);
    await expect(readSource(open(dir))).rejects.toThrow(message);
  });

  it('refuses an image of another size, naming both', async () => {
    const dir = await folder(['a', 'b']);
    writeFiles(dir, { 'b/3 %41#+.png': await grayPng(1, 5) });
    await expect(readSource(open(dir))).rejects.toThrow(/expected .* like .*: --image-size makes all alike/);
    expect((await readSource(open(dir, { imageSize: { height: 6, width: 6 } }))).opened.inputShape).toEqual([6, 6, 1]);
  });
});
