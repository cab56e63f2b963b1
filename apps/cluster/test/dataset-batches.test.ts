import { describe, expect, it } from 'vitest';
import { datasetBatches } from '../src/dataset-batches.js';

/** Sample i is [i, i]; its label i + base. */
const samplesOf = (count: number, base = 0) => ({
  inputs: Uint8Array.from({ length: count * 2 }, (_, i) => Math.floor(i / 2)),
  labels: Uint16Array.from({ length: count }, (_, i) => i + base),
  count,
  features: 2,
});

const source = (seed: number) => datasetBatches({ train: samplesOf(20), test: samplesOf(5, 100), batchSize: 8, seed });

async function epochLabels(epoch: number, seed: number): Promise<number[]> {
  const batches = source(seed);
  const labels: number[] = [];
  for (const [start, end] of [
    [0, 8],
    [8, 16],
    [16, 20],
  ] as const) {
    const { inputs, targets, size } = await batches.train({ epoch, start, end });
    expect(size).toBe(end - start);
    expect([...inputs]).toEqual([...targets].flatMap((label) => [label, label]));
    labels.push(...targets);
  }
  return labels;
}

describe('datasetBatches', () => {
  it('visits every sample of an epoch once, its label with it', async () => {
    const labels = await epochLabels(0, 1);
    expect(labels.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(labels).not.toEqual(labels.toSorted((a, b) => a - b));
  });

  it('orders by seed and epoch alone', async () => {
    expect(await epochLabels(1, 1)).toEqual(await epochLabels(1, 1));
    expect(await epochLabels(1, 1)).not.toEqual(await epochLabels(0, 1));
    expect(await epochLabels(0, 2)).not.toEqual(await epochLabels(0, 1));
  });

  it('gives test samples as they stand, also after a training batch', async () => {
    const batches = source(1);
    await batches.train({ epoch: 0, start: 0, end: 8 });
    const { inputs, targets, size } = await batches.test(3, 5);
    expect([size, [...targets], [...inputs]]).toEqual([2, [103, 104], [3, 3, 4, 4]]);
    expect((await batches.test(0, 0)).size).toBe(0);
  });

  it('refuses a range beyond the samples or the buffers', async () => {
    await expect(source(1).train({ epoch: 0, start: 16, end: 21 })).rejects.toThrow('[16, 21)');
    await expect(source(1).train({ epoch: 0, start: 0, end: 9 })).rejects.toThrow('9 × 2');
    await expect(source(1).test(4, 6)).rejects.toThrow('[4, 6)');
  });

  it('leaves a batch alone while the next one is put together', async () => {
    const count = 6;
    const samples = {
      inputs: Uint8Array.from({ length: count }, (_, i) => i),
      labels: new Uint16Array(count),
      count,
      features: 1,
    };
    const batches = datasetBatches({ train: samples, test: samples, batchSize: 2, seed: 1 });
    const first = await batches.train({ epoch: 0, start: 0, end: 2 });
    const before = Array.from(first.inputs);
    const second = await batches.train({ epoch: 0, start: 2, end: 4 });
    expect(Array.from(first.inputs)).toEqual(before);
    expect(second.inputs.buffer).not.toBe(first.inputs.buffer);
    const third = await batches.train({ epoch: 0, start: 4, end: 6 });
    expect(third.inputs.buffer).toBe(first.inputs.buffer);
  });
});
