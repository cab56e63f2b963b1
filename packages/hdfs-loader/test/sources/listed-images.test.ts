import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ImageList, openImages } from '../../src/sources/listed-images.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { grayPng, writeFiles } from '../image-folder.js';
import { readSubset } from '../read-source.js';
import { scratchFolder } from '../scratch-folder.js';

async function listOf(count: number, side = 4): Promise<{ dir: string; list: ImageList }> {
  const dir = scratchFolder();
  const names = Array.from({ length: count }, (_, i) => `${i}.png`);
  for (const [i, name] of names.entries()) writeFiles(dir, { [name]: await grayPng(i, side) });
  const train = names.map((name, i) => ({ path: join(dir, name), label: i % 3 }));
  return {
    dir,
    list: {
      name: 'n',
      dir,
      split: 's',
      note: '',
      labelNames: ['a', 'b', 'c'],
      subsets: { train, test: [] },
      hash: createHash('sha256'),
    },
  };
}

describe('openImages', () => {
  it('reads images in the order of the list, from any row', async () => {
    const { list } = await listOf(40);
    const opened = await openImages(fileStorage(), list, {});
    expect(opened).toMatchObject({ inputShape: [4, 4, 1], split: 's' });
    expect([opened.samples('train'), opened.samples('test')]).toEqual([40, 0]);
    for (const start of [0, 1, 39, 40]) {
      const { inputs, labels } = await readSubset(opened, 'train', start);
      expect([...labels]).toEqual(Array.from({ length: 40 - start }, (_, i) => (start + i) % 3));
      expect([...inputs.filter((_, i) => i % 16 === 0)]).toEqual(
        Array.from({ length: 40 - start }, (_, i) => start + i),
      );
    }
  });

  it('gives batches of about a megabyte, in memory that it uses again', async () => {
    const { list } = await listOf(5, 700);
    const opened = await openImages(fileStorage(), list, {});
    const counts: number[] = [];
    const buffers = new Set<ArrayBufferLike>();
    for await (const { inputs, count } of opened.read('train')) {
      counts.push(count);
      buffers.add(inputs.buffer);
    }
    expect(counts).toEqual([2, 2, 1]);
    expect(buffers.size).toBe(1);
  });

  it('has a fingerprint of what is made of the images', async () => {
    const { list } = await listOf(1);
    const print = async (options: Parameters<typeof openImages>[2]) =>
      (await openImages(fileStorage(), { ...list, hash: createHash('sha256') }, options)).fingerprint;
    const all = [
      await print({}),
      await print({ imageSize: { height: 4, width: 4 } }),
      await print({ channels: 3 }),
      await print({ onBadImage: 'skip' }),
    ];
    expect(new Set(all).size).toBe(4);
    expect(await print({})).toBe(all[0]);
  });

  it('names the image that is refused, wherever it stands, and stops at a signal', async () => {
    const { dir, list } = await listOf(20);
    const opened = await openImages(fileStorage(), list, {});
    writeFiles(dir, { '13.png': 'no image' });
    await expect(readSubset(opened, 'train')).rejects.toThrow(/13\.png: expected an image/);
    await expect(openImages(fileStorage(), { ...list, subsets: { train: [], test: [] } }, {})).rejects.toThrow(
      'n: expected at least one training image, got none',
    );
    const stopped = opened
      .read('train', { signal: AbortSignal.abort(new Error('stopped')) })
      [Symbol.asyncIterator]()
      .next();
    await expect(stopped).rejects.toThrow('stopped');
  });

  it('leaves bad ones out when told, tells of them before what lies behind, and goes on from any row', async () => {
    const { dir, list } = await listOf(20);
    for (const i of [0, 1, 7, 19]) writeFiles(dir, { [`${i}.png`]: i === 7 ? '' : 'no image' });
    const opened = await openImages(fileStorage(), list, { onBadImage: 'skip' });
    expect(opened.samples('train')).toBe(20);
    for (const start of [0, 5, 7, 8, 19, 20]) {
      const told: unknown[] = [];
      const rows: number[] = [];
      const onLeftOut = (file: unknown) => told.push(file);
      for await (const batch of opened.read('train', { start, onLeftOut })) rows.push(...batch.rows!);
      const all = Array.from({ length: 20 }, (_, i) => i).slice(start);
      expect(rows).toEqual(all.filter((row) => ![0, 1, 7, 19].includes(row)));
      expect(told).toEqual(
        all
          .filter((row) => [0, 1, 7, 19].includes(row))
          .map((row) => ({ row, file: `${row}.png`, subset: 'train', reason: row === 7 ? 'empty' : 'not-an-image' })),
      );
    }
    await expect(openImages(fileStorage(), list, {})).rejects.toThrow(/0\.png: .* --on-bad-image skip/);
  });

  it('refuses a file that is too large to be read whole as too large an image', async () => {
    const { list } = await listOf(2);
    const train = list.subsets.train.map((image, i) => ({ ...image, length: i === 0 ? 2 ** 27 : 80 }));
    await expect(openImages(fileStorage(), { ...list, subsets: { train, test: [] } }, {})).rejects.toMatchObject({
      reason: 'too-large',
    });
  });
});
