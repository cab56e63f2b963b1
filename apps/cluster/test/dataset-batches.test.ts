import { join } from 'node:path';
import { openDataset, parseAugmentations, samplesSource, writeDataset } from '@weft/hdfs-loader';
import { describe, expect, it } from 'vitest';
import { type DatasetBatchesOptions, datasetBatches } from '../src/dataset-batches.js';
import { scratchFolder, shardedDataset, tinyFloats } from './tiny-dataset.js';

/** 60 training and 20 test samples in shards of 7, whose first value is their number. */
async function source(over: Partial<DatasetBatchesOptions> = {}) {
  const dataset = await openDataset(await shardedDataset({ train: 60, test: 20, shardSamples: 7 }));
  const [train, test] = [dataset.subset('train'), dataset.subset('test')];
  const inputShape = dataset.manifest.inputShape;
  return datasetBatches({
    train,
    test,
    inputShape,
    batchSize: 8,
    seed: 1,
    shuffleBytes: 2 ** 20,
    augment: [],
    ...over,
  });
}

async function epochOf(over: Partial<DatasetBatchesOptions> = {}, epoch = 0): Promise<number[]> {
  const batches = await source(over);
  const numbers: number[] = [];
  for (let start = 0; start < 60; start += 6) {
    const { inputs, targets, size } = await batches.train({ epoch, start, end: start + 6 });
    expect(size).toBe(6);
    for (let row = 0; row < size; row++) {
      expect(targets[row]).toBe(inputs[row * 16]! % 3);
      numbers.push(inputs[row * 16]!);
    }
  }
  return numbers;
}

describe('datasetBatches', () => {
  it('visits every sample of an epoch once, its label with it', async () => {
    const numbers = await epochOf();
    expect(numbers.toSorted((a, b) => a - b)).toEqual([...new Array(60).keys()]);
    expect(numbers).not.toEqual(numbers.toSorted((a, b) => a - b));
  });

  it('orders by seed and epoch alone', async () => {
    expect(await epochOf({}, 1)).toEqual(await epochOf({}, 1));
    expect(await epochOf({}, 1)).not.toEqual(await epochOf({}, 0));
    expect(await epochOf({ seed: 2 })).not.toEqual(await epochOf());
  });

  it('gives test samples as they stand, also after a training batch, in memory or read as they come', async () => {
    for (const shuffleBytes of [2 ** 20, 1]) {
      const batches = await source({ shuffleBytes, batchSize: 12 });
      await batches.load({ epoch: 0, start: 0, end: 1 });
      await batches.train({ epoch: 0, start: 0, end: 1 });
      const { inputs, targets, size } = await batches.test(3, 15);
      const numbers = Array.from({ length: 12 }, (_, i) => i + 3);
      expect([size, [...targets]]).toEqual([12, numbers.map((n) => n % 3)]);
      expect(numbers.map((_, row) => inputs[row * 16])).toEqual(numbers);
      expect((await batches.test(0, 0)).size).toBe(0);
    }
  });

  it('refuses a range beyond the samples or the buffers', async () => {
    const batches = await source();
    await expect(batches.train({ epoch: 0, start: 56, end: 61 })).rejects.toThrow('[56, 61)');
    await expect(batches.train({ epoch: 0, start: 0, end: 9 })).rejects.toThrow('9 × 16');
    await expect(batches.test(18, 21)).rejects.toThrow('[18, 21)');
  });

  it('leaves a batch alone while the next one is put together', async () => {
    const batches = await source();
    const first = await batches.train({ epoch: 0, start: 0, end: 8 });
    const before = Array.from(first.inputs);
    const second = await batches.train({ epoch: 0, start: 8, end: 16 });
    expect(Array.from(first.inputs)).toEqual(before);
    expect(second.inputs.buffer).not.toBe(first.inputs.buffer);
    const third = await batches.train({ epoch: 0, start: 16, end: 24 });
    expect(third.inputs.buffer).toBe(first.inputs.buffer);
  });

  it('gives real numbers of a data set of such', async () => {
    const held = tinyFloats(60, 20);
    const dir = join(scratchFolder(), 'floats');
    await writeDataset(samplesSource(held), dir);
    const dataset = await openDataset(dir);
    const batches = await source({ train: dataset.subset('train'), test: dataset.subset('test') });
    expect((await batches.test(2, 6)).inputs).toEqual(held.test.inputs.slice(2 * 16, 6 * 16));
    const { inputs } = await batches.train({ epoch: 0, start: 0, end: 8 });
    expect(inputs).toBeInstanceOf(Float32Array);
    expect(inputs.some((value) => value < 0)).toBe(true);
  });

  it('changes images by their position, whatever the batches', async () => {
    const augment = parseAugmentations('flip,shift=1');
    const imagesOf = async (size: number, from: number): Promise<number[]> => {
      const batches = await source({ augment });
      const images: number[] = [];
      for (let at = from; at < 24; at += size) {
        const { inputs } = await batches.train({ epoch: 0, start: at, end: Math.min(at + size, 24) });
        images.push(...inputs);
      }
      return images;
    };
    const all = await imagesOf(8, 0);
    expect(await imagesOf(5, 0)).toEqual(all);
    expect(await imagesOf(8, 8)).toEqual(all.slice(8 * 16));
    const plain = await (await source()).train({ epoch: 0, start: 0, end: 8 });
    expect([...plain.inputs]).not.toEqual(all.slice(0, 8 * 16));
    await expect(source({ augment, inputShape: [16] })).rejects.toThrow('expected images [height, width, channels]');
  });
});
