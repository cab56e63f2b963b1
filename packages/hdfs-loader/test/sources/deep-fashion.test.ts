import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deepFashion } from '../../src/sources/deep-fashion.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { grayPng, writeFiles } from '../image-folder.js';
import { readSource } from '../read-source.js';
import { scratchFolder } from '../scratch-folder.js';

const table = (header: string, rows: readonly string[]) => `${rows.length}\n${header}\n${rows.join('\n')}\n`;
const CLOTH = 'Anno/list_category_cloth.txt';
const LABELS = 'Anno/list_category_img.txt';
const EVAL = 'Eval/list_eval_partition.txt';
const image = (i: number) => `img/Some_Garment_${i % 2}/img_${String(i).padStart(8, '0')}.jpg`;

/** Ten images of the categories 2 and 4 of 5: six to train on, two to validate with, two to test with. */
async function folder(): Promise<string> {
  const dir = scratchFolder();
  const all = Array.from({ length: 10 }, (_, i) => i);
  writeFiles(dir, {
    [CLOTH]: table('category_name  category_type', ['Anorak 1', 'Blazer 1', 'Jeans 2', 'Dress 3', 'Romper 3']),
    [LABELS]: table(
      'image_name  category_label',
      all.map((i) => `${image(i)}      ${i % 2 === 0 ? 2 : 4}`),
    ),
    [EVAL]: table(
      'image_name evaluation_status',
      all.map((i) => `${image(i)} ${i < 6 ? 'train' : i < 8 ? 'val' : 'test'}`),
    ),
  });
  for (const i of all) writeFiles(dir, { [image(i)]: await grayPng(i * 10) });
  return dir;
}
const open = (dir: string, seed?: number) => deepFashion(fileStorage(), dir, { seed });

describe('deepFashion', () => {
  it('reads the lists, trains on train and val, and leaves out categories without images', async () => {
    const dir = await folder();
    const { opened, train, test } = await readSource(open(dir));
    expect(opened).toMatchObject({
      name: 'deep-fashion',
      split: 'official',
      inputShape: [4, 4, 1],
      labelNames: ['Blazer', 'Dress'],
    });
    expect(opened.note).toMatch(
      /validation images are trained on\. 3 of the 5 categories have no image and are left out\./,
    );
    const rows = (samples: typeof train) =>
      Array.from(samples.labels, (label, i) => [samples.inputs[i * 16]! / 10, label]).toSorted((a, b) => a[0]! - b[0]!);
    expect(rows(train)).toEqual(Array.from({ length: 8 }, (_, i) => [i, i % 2]));
    expect(rows(test)).toEqual([
      [8, 0],
      [9, 1],
    ]);
    expect((await readSource(open(dir, 7))).train).not.toEqual(train);
  });

  it('finds Anno_coarse too, reports files, and has a fingerprint of its lists', async () => {
    const dir = await folder();
    const before = (await open(dir).open()).fingerprint;
    renameSync(join(dir, 'Anno'), join(dir, 'Anno_coarse'));
    const done: number[] = [];
    expect((await open(dir).open({ onProgress: (p) => done.push(p.done) })).fingerprint).toBe(before);
    expect(done).toEqual([1, 2, 3]);
    expect((await open(dir, 2).open()).fingerprint).not.toBe(before);
  });

  it('says so where the pictures are made up', async () => {
    const dir = await folder();
    const real = await open(dir).open();
    writeFiles(dir, { 'SYNTHETIC.txt': 'made up' });
    const opened = await open(dir).open();
    expect(opened).toMatchObject({ name: 'synthetic-deep-fashion', split: 'synthetic' });
    expect(opened.note).toMatch(/^Synthetic pictures/);
    expect(opened.fingerprint).not.toBe(real.fingerprint);
  });

  const labels = (...rows: string[]) => ({ [LABELS]: table('image_name category_label', rows) });
  const evals = (...rows: string[]) => ({ [EVAL]: table('image_name evaluation_status', rows) });
  const faults: [string, (dir: string) => void, string, RegExp][] = [
    [
      'no annotations',
      (dir) => rmSync(join(dir, 'Anno'), { recursive: true }),
      'NOT_FOUND',
      /expected a folder Anno or Anno_coarse/,
    ],
    ['no partition', (dir) => rmSync(join(dir, EVAL)), 'NOT_FOUND', /list_eval_partition\.txt/],
    ['a missing photograph', (dir) => rmSync(join(dir, image(3))), 'NOT_FOUND', /img_00000003\.jpg/],
    [
      'a category that is not there',
      (dir) => writeFiles(dir, labels(`${image(0)} 6`)),
      'INVALID_SOURCE',
      /list_category_img\.txt: line 3: expected a category of 1 to 5, got "6"/,
    ],
    ['category 0', (dir) => writeFiles(dir, labels(`${image(0)} 0`)), 'INVALID_SOURCE', /got "0"/],
    [
      'an image twice',
      (dir) => writeFiles(dir, labels(`${image(0)} 2`, `${image(0)} 4`)),
      'INVALID_SOURCE',
      /line 4: .*stands twice/,
    ],
    [
      'an image elsewhere',
      (dir) => writeFiles(dir, labels('/etc/passwd 2')),
      'INVALID_SOURCE',
      /line 3: expected an image under img\//,
    ],
    [
      'an image above',
      (dir) => writeFiles(dir, labels('img/../x.jpg 2')),
      'INVALID_SOURCE',
      /expected an image under img\//,
    ],
    [
      'another partition',
      (dir) => writeFiles(dir, evals(`${image(0)} validation`)),
      'INVALID_SOURCE',
      /partition\.txt: line 3: expected train, val or test, got "validation"/,
    ],
    [
      'an image without category',
      (dir) => writeFiles(dir, evals('img/x.jpg train')),
      'INVALID_SOURCE',
      /line 3: "img\/x\.jpg" has no category/,
    ],
    [
      'an image without partition',
      (dir) => writeFiles(dir, evals(`${image(1)} train`)),
      'INVALID_SOURCE',
      /expected ".*img_00000000\.jpg", as in/,
    ],
    [
      'a partition twice',
      (dir) => writeFiles(dir, evals(`${image(1)} train`, `${image(1)} test`)),
      'INVALID_SOURCE',
      /line 4: .*stands twice/,
    ],
  ];
  it.each(faults)('refuses %s', async (_, damage, code, message) => {
    const dir = await folder();
    damage(dir);
    await expect(readSource(open(dir))).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});
