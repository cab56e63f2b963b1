import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { writeDataset } from '../../src/dataset-writer.js';
import { contactSheet } from '../../src/sheet/contact-sheet.js';
import type { InMemory } from '../../src/sources/samples-source.js';
import { fileStorage } from '../../src/storage/file-storage.js';
import { scratchFolder } from '../scratch-folder.js';
import { floatSamples, syntheticSource } from '../synthetic-source.js';

async function sheetOf(over: Partial<InMemory> = {}, count = 6) {
  const path = join(scratchFolder(), 'd');
  const manifest = await writeDataset(syntheticSource(over), path);
  return contactSheet({ storage: fileStorage(), path, manifest }, { subset: 'train', count });
}

describe('contactSheet', () => {
  it('is a PNG that grows with what is on it', async () => {
    const [small, wide] = [await sharp(await sheetOf()).metadata(), await sharp(await sheetOf({}, 24)).metadata()];
    expect(small).toMatchObject({ format: 'png', channels: 3 });
    expect(wide.width).toBeGreaterThan(small.width);
  });

  it('shows the very pixels, a square each', async () => {
    const { data, info } = await sharp(await sheetOf({}, 3))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const dark = (value: number) => data.filter((_, i) => i % info.channels === 0 && data[i] === value).length;
    // Sample 0 is all 0, 84 × 84 of them; there is no black elsewhere.
    expect(dark(0)).toBeGreaterThanOrEqual(84 * 84);
    expect(dark(1)).toBeGreaterThanOrEqual(84 * 84);
  });

  it('draws real numbers from their own minimum to their maximum, and has room to say so', async () => {
    const sheet = await sheetOf({ train: floatSamples(3), test: floatSamples(0) }, 3);
    const { data, info } = await sharp(sheet).raw().toBuffer({ resolveWithObject: true });
    const quarter = (value: number) => data.filter((_, i) => i % info.channels === 0 && data[i] === value).length;
    // Each sample has four values a quarter apart: so many squares of 42 × 42, in each of three thumbnails.
    for (const value of [0, 85, 170]) expect(quarter(value)).toBeGreaterThanOrEqual(3 * 42 * 42);
    expect(info.width).toBeGreaterThan((await sharp(await sheetOf({}, 3)).metadata()).width);
  });

  it('lays many classes out in columns, and bears names that are no XML', async () => {
    const labelNames = Array.from(
      { length: 46 },
      (_, i) => `<class & "${i}"> \u0000 with a very long name that is cut`,
    );
    const { width, height } = await sharp(await sheetOf({ labelNames, name: 'a<b' })).metadata();
    expect(height! / width!).toBeLessThan(1.3);
  });

  it('refuses samples that are no images', async () => {
    await expect(sheetOf({ inputShape: [4] })).rejects.toThrow(
      'expected samples of height × width × 1 or 3 to draw, got 4',
    );
  });
});
