import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OrderedSamples } from '../../src/batches/ordered-samples.js';
import { openDataset } from '../../src/dataset.js';
import { writeDataset } from '../../src/dataset-writer.js';
import { manyShards } from '../many-shards.js';
import { scratchFolder } from '../scratch-folder.js';
import { floatSamples, syntheticSource } from '../synthetic-source.js';

const buffers = (size: number) => ({ inputs: new Uint8Array(size * 4), targets: new Uint16Array(size) });

describe('OrderedSamples', () => {
  it.each([
    ['all of them', 2 ** 20],
    ['one shard and the next', 1],
  ])('gives samples as they stand, with %s in memory', async (_, bufferBytes) => {
    const subset = (await manyShards({ train: 1, test: 100, shardSamples: 9 })).subset('test');
    const samples = new OrderedSamples({ subset, bufferBytes });
    const largest = subset.manifest.shards[0]!.bytes;
    const into = buffers(25);
    for (const [start, end] of [
      [0, 4],
      [4, 8],
      [8, 33],
      [33, 33],
      [90, 100],
      [0, 20],
      [50, 60],
    ] as const) {
      expect(await samples.gather({ start, end }, into)).toBe(end - start);
      const labels = Array.from({ length: end - start }, (__, i) => start + i);
      expect([...into.targets.subarray(0, end - start)]).toEqual(labels);
      expect([...into.inputs.subarray(0, (end - start) * 4)]).toEqual(labels.flatMap((label) => [label, 0, 7, 9]));
      if (bufferBytes === 1) expect(samples.bytes).toBeLessThanOrEqual(2 * largest);
    }
    await expect(samples.gather({ start: 99, end: 101 }, into)).rejects.toThrow('[99, 101)');
    await expect(samples.gather({ start: 0, end: 26 }, into)).rejects.toThrow('26 × 4');
    await samples.close();
    expect(samples.bytes).toBe(0);
  });

  it('gives real numbers into memory of theirs alone', async () => {
    const dir = join(scratchFolder(), 'd');
    const source = syntheticSource({ train: floatSamples(1), test: floatSamples(20) });
    await writeDataset(source, dir, { shardSamples: 7 });
    const samples = new OrderedSamples({ subset: (await openDataset(dir)).subset('test'), bufferBytes: 1 });
    const into = { inputs: new Float32Array(4 * 20), targets: new Uint16Array(20) };
    await samples.gather({ start: 3, end: 20 }, into);
    expect(into.inputs.subarray(0, 4 * 17)).toEqual(floatSamples(17, 3).inputs);
    await expect(samples.gather({ start: 3, end: 20 }, buffers(20))).rejects.toThrow(
      'expected room for float32 inputs, got uint8',
    );
    await samples.close();
  });

  it('reads before it is asked where that is said', async () => {
    const subset = (await manyShards({ train: 1, test: 100, shardSamples: 9 })).subset('test');
    const all = new OrderedSamples({ subset, bufferBytes: 2 ** 20 });
    await all.load();
    expect(all.bytes).toBe(subset.manifest.shards.reduce((sum, { bytes }) => sum + bytes, 0));
    const few = new OrderedSamples({ subset, bufferBytes: 1 });
    await few.load();
    expect(few.bytes).toBe(0);
  });
});
