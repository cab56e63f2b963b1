import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { idxFolder } from '../../src/sources/idx-folder.js';
import { readSource, readSubset } from '../read-source.js';
import { scratchFolder } from '../scratch-folder.js';

const u32 = (...words: number[]) => {
  const bytes = Buffer.alloc(4 * words.length);
  for (const [i, word] of words.entries()) bytes.writeUInt32BE(word, 4 * i);
  return bytes;
};
const imagesOf = (count: number, side = 28) =>
  Buffer.concat([
    u32(0x803, count, side, side),
    Buffer.from(Uint8Array.from({ length: count * side * side }, (_, i) => i % 251)),
  ]);
const labelsOf = (...labels: number[]) => Buffer.concat([u32(0x801, labels.length), Buffer.from(labels)]);
const names = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
];

function folder(nameOf = (name: string) => name, pack = (bytes: Buffer) => bytes): string {
  const dir = scratchFolder();
  for (const [i, bytes] of [imagesOf(3), labelsOf(9, 0, 4), imagesOf(2), labelsOf(1, 1)].entries()) {
    writeFileSync(join(dir, nameOf(names[i]!)), pack(bytes));
  }
  return dir;
}

describe('idxFolder', () => {
  it.each([
    ['plain', folder],
    [
      'gzipped',
      () =>
        folder(
          (name) => `${name}.gz`,
          (bytes) => gzipSync(bytes),
        ),
    ],
    ['with dots', () => folder((name) => name.replace('-idx', '.idx'))],
    [
      'with dots, gzipped',
      () =>
        folder(
          (name) => `${name.replace('-idx', '.idx')}.gz`,
          (bytes) => gzipSync(bytes),
        ),
    ],
    [
      'gzipped without .gz',
      () =>
        folder(
          (name) => name,
          (bytes) => gzipSync(bytes),
        ),
    ],
    ['unpacked but named .gz', () => folder((name) => `${name}.gz`)],
  ])('reads the four files: %s', async (_, make) => {
    const { train, test } = await readSource(idxFolder(make()));
    expect(train).toMatchObject({ count: 3, features: 784, labels: Uint16Array.of(9, 0, 4) });
    expect(test).toMatchObject({ count: 2, features: 784, labels: Uint16Array.of(1, 1) });
    expect(Buffer.from(train.inputs).equals(imagesOf(3).subarray(16))).toBe(true);
  });

  it('reports each file and has the official split', async () => {
    const progress: unknown[] = [];
    const { opened } = await readSource(idxFolder(folder()), { onProgress: (p) => progress.push(p) });
    expect(progress).toEqual([1, 2, 3, 4].map((done) => ({ stage: 'read', done, total: 4 })));
    expect(opened).toMatchObject({ split: 'official', inputShape: [28, 28, 1], name: 'fashion-mnist' });
  });

  it('has a fingerprint of the contents', async () => {
    const dir = folder();
    const fingerprint = async (of: string) => (await idxFolder(of).open()).fingerprint;
    const before = await fingerprint(dir);
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await fingerprint(folder())).toBe(before);
    writeFileSync(join(dir, names[3]!), labelsOf(1, 2));
    expect(await fingerprint(dir)).not.toBe(before);
  });

  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['gzipped', (bytes: Buffer) => gzipSync(bytes)],
  ])('reads images of any size, in batches, from any row: %s', async (_, pack) => {
    const dir = scratchFolder();
    const [count, side] = [70, 160];
    const images = imagesOf(count, side);
    const labels = Array.from({ length: count }, (_, i) => i % 10);
    for (const [i, bytes] of [images, labelsOf(...labels), imagesOf(2, side), labelsOf(1, 2)].entries()) {
      writeFileSync(join(dir, names[i]!), pack(bytes));
    }
    const opened = await idxFolder(dir).open();
    expect(opened.inputShape).toEqual([side, side, 1]);
    expect([opened.samples('train'), opened.samples('test')]).toEqual([count, 2]);
    for (const start of [0, 1, 40, 41, 69, 70]) {
      const read = await readSubset(opened, 'train', start);
      expect([...read.labels]).toEqual(labels.slice(start));
      expect(Buffer.compare(read.inputs, images.subarray(16 + start * side * side))).toBe(0);
    }
  });

  it.each([
    [
      'short',
      (bytes: Buffer) => bytes.subarray(0, -1),
      'TRUNCATED',
      /expected 2368 bytes for 3 × 28 × 28 images, got 2367/,
    ],
    ['long', (bytes: Buffer) => Buffer.concat([bytes, Buffer.of(1, 2)]), 'INVALID_SOURCE', /expected 2368 .*got 2370/],
  ])('counts what a gzipped file unpacks to: one that is %s', async (_, change, code, message) => {
    const dir = folder();
    writeFileSync(join(dir, names[0]!), gzipSync(change(imagesOf(3))));
    await expect(readSource(idxFolder(dir))).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('takes other names and class counts', async () => {
    const ten = Array.from({ length: 10 }, (_, i) => `${i}`);
    const digits = await idxFolder(folder(), { name: 'digits', labelNames: ten }).open();
    expect(digits).toMatchObject({ name: 'digits', labelNames: ten });
    await expect(idxFolder(folder(), { labelNames: ['0', '1'] }).open()).rejects.toThrow(
      /train-labels-idx1-ubyte: row 0 \(byte 8\): expected a label of 0 to 1, got 9/,
    );
  });

  const faults: [string, (dir: string) => void, string, RegExp][] = [
    ['a missing folder', (dir) => rmSync(dir, { recursive: true }), 'NOT_FOUND', /cannot read .*no such file/],
    [
      'a missing file',
      (dir) => rmSync(join(dir, names[2]!)),
      'NOT_FOUND',
      /expected one of t10k-images-idx3-ubyte, .*\.gz, t10k-images\.idx3/,
    ],
    [
      'a folder in its place',
      (dir) => {
        rmSync(join(dir, names[2]!));
        mkdirSync(join(dir, names[2]!));
      },
      'IO',
      /t10k-images.*: expected a file, got a directory/,
    ],
    [
      'labels for images',
      (dir) => writeFileSync(join(dir, names[0]!), labelsOf(...imagesOf(1))),
      'INVALID_SOURCE',
      /0x00000803 \(images\), got 0x00000801/,
    ],
    [
      'a truncated file',
      (dir) => truncateSync(join(dir, names[0]!), 1000),
      'TRUNCATED',
      /train-images.*expected 2368 bytes.*got 1000/,
    ],
    [
      'a truncated gzip file',
      (dir) => writeFileSync(join(dir, names[0]!), gzipSync(imagesOf(3)).subarray(0, 100)),
      'TRUNCATED',
      /train-images.*cannot unpack its 100 gzip bytes/,
    ],
    [
      'a damaged gzip file',
      (dir) => {
        const bytes = gzipSync(imagesOf(3));
        bytes.fill(0xff, 20, 60);
        writeFileSync(join(dir, names[0]!), bytes);
      },
      'INVALID_SOURCE',
      /train-images.*cannot unpack/,
    ],
    [
      'a web page',
      (dir) => writeFileSync(join(dir, names[0]!), '<html>Not found: the file has moved</html>'),
      'INVALID_SOURCE',
      /got 0x3c68746d/,
    ],
    [
      'other sizes in the two subsets',
      (dir) => writeFileSync(join(dir, names[2]!), imagesOf(2, 32)),
      'INVALID_SOURCE',
      /t10k-images.*byte 8: expected images of 28 × 28, got 32 × 32/,
    ],
    [
      'more labels than images',
      (dir) => writeFileSync(join(dir, names[1]!), labelsOf(1, 2, 3, 4)),
      'INVALID_SOURCE',
      /train-labels.*expected 3 labels.*train-images.*got 4/,
    ],
    [
      'a label of 10',
      (dir) => writeFileSync(join(dir, names[3]!), labelsOf(0, 10)),
      'INVALID_SOURCE',
      /t10k-labels.*row 1 \(byte 9\): expected a label of 0 to 9, got 10/,
    ],
  ];
  it.each(faults)('refuses %s', async (_, damage, code, message) => {
    const dir = folder();
    damage(dir);
    await expect(readSource(idxFolder(dir))).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('stops at a signal', async () => {
    const stop = new AbortController();
    const loading = readSource(idxFolder(folder()), {
      onProgress: () => stop.abort(new Error('stopped')),
      signal: stop.signal,
    });
    await expect(loading).rejects.toThrow('stopped');
  });
});
