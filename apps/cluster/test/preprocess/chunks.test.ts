import { openDataset } from '@weft/hdfs-loader';
import { describe, expect, it } from 'vitest';
import { chunkRows, chunksOf, cut } from '../../src/preprocess/chunks.js';
import { shardedDataset } from '../tiny-dataset.js';

const FEATURES = 16;

describe('chunksOf', () => {
  it('gives the samples of its pieces, the same each pass', async () => {
    const dataset = await openDataset(await shardedDataset({ train: 10, test: 1, shardSamples: 4 }));
    const chunks = chunksOf(dataset, [
      { shard: 0, start: 3, end: 4 },
      { shard: 1, start: 0, end: 4 },
      { shard: 2, start: 0, end: 1 },
    ]);
    for (let pass = 0; pass < 2; pass++) {
      const numbers: number[] = [];
      for await (const { values, rows, features } of chunks()) {
        expect(features).toBe(FEATURES);
        for (let row = 0; row < rows; row++) numbers.push(values[row * FEATURES]!);
      }
      expect(numbers).toEqual([3, 4, 5, 6, 7, 8]);
    }
  });

  it('gives nothing for no pieces', async () => {
    const dataset = await openDataset(await shardedDataset({ train: 4, test: 1, shardSamples: 4 }));
    for await (const _ of chunksOf(dataset, [])()) expect.fail('no chunk expected');
  });
});

describe('cut', () => {
  it('bounds rows and bytes', () => {
    expect([1, 49_152, 2 ** 26].map(chunkRows)).toEqual([1024, 682, 1]);
    const count = 2500;
    const samples = { inputs: new Float32Array(count), labels: new Uint16Array(count), count, features: 1 };
    expect([...cut(samples, 100, count)].map(({ start, rows }) => [start, rows])).toEqual([
      [100, 1024],
      [1124, 1024],
      [2148, 352],
    ]);
  });
});
