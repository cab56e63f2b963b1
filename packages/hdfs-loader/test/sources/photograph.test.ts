import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { classFolders } from '../../src/sources/class-folders.js';
import { readPhotograph } from '../../src/sources/photograph.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { grayPng, writeFiles } from '../image-folder.js';
import { readSource } from '../read-source.js';
import { scratchFolder } from '../scratch-folder.js';

const storage = fileStorage();

/** A JPEG of colours that differ from place to place. */
const photo = (width: number, height: number, seed: number): Promise<Buffer> =>
  sharp(
    Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * seed) % 251),
    { raw: { width, height, channels: 3 } },
  )
    .jpeg()
    .toBuffer();

describe('readPhotograph', () => {
  it('gives the very pixels that ingest makes of the file', async () => {
    const dir = scratchFolder();
    const names = ['a/1.jpg', 'a/2.jpg', 'b/1.jpg', 'b/2.jpg'];
    for (const [i, name] of names.entries()) writeFiles(dir, { [name]: await photo(40 + 9 * i, 30, i + 1) });
    for (const channels of [1, 3] as const) {
      const source = classFolders(storage, dir, { imageSize: { height: 12, width: 16 }, channels, testShare: 0 });
      const { train } = await readSource(source);
      const features = 12 * 16 * channels;
      const read = await Promise.all(
        names.map((name) => readPhotograph({ storage, path: join(dir, name) }, [12, 16, channels])),
      );
      const rows = Array.from({ length: train.count }, (_, i) => train.inputs.slice(i * features, (i + 1) * features));
      const sorted = (images: readonly Uint8Array[]) => images.map((image) => image.join()).sort();
      expect(sorted(read)).toEqual(sorted(rows));
    }
  });

  it('refuses what is no image, and samples that are none', async () => {
    const dir = scratchFolder();
    writeFiles(dir, { 'text.png': 'hello', 'gray.png': await grayPng(7) });
    const read = (name: string, shape: readonly number[]) => readPhotograph({ storage, path: join(dir, name) }, shape);
    expect([...(await read('gray.png', [2, 2, 1]))]).toEqual([7, 7, 7, 7]);
    await expect(read('text.png', [2, 2, 1])).rejects.toMatchObject({ code: 'INVALID_SOURCE' });
    await expect(read('none.png', [2, 2, 1])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    for (const shape of [[784], [2, 2, 2], [2, 2]])
      await expect(read('gray.png', shape)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
