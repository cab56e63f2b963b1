import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { epochOrder } from '../../src/batches/epoch-order.js';
import { gather } from '../../src/batches/gather.js';
import type { ShardGroup } from '../../src/batches/shard-groups.js';
import { ShuffledSamples } from '../../src/batches/shuffled-samples.js';
import type { Dataset } from '../../src/dataset.js';
import { manyShards, numberedSamples } from '../many-shards.js';

const SAMPLES = 500;
const dataset = () => manyShards({ train: SAMPLES, test: 1, shardSamples: 9 });
const buffers = (size: number) => ({ inputs: new Uint8Array(size * 4), targets: new Uint16Array(size) });
const shardBytes = (of: Dataset): number => of.subset('train').manifest.shards[0]!.bytes;

/** The labels of an epoch, in its order; inputs are checked beside them. */
async function labelsOf(samples: ShuffledSamples, epoch: number, batchSize = 7): Promise<number[]> {
  const into = buffers(batchSize);
  const labels: number[] = [];
  for (const { start, end } of samples.groups(epoch)) {
    const upcoming = end < SAMPLES ? { epoch, start: end } : { epoch: epoch + 1, start: 0 };
    await samples.enter({ epoch, start }, upcoming);
    for (let at = start; at < end; at += batchSize) {
      const size = samples.gather({ epoch, start: at, end: Math.min(at + batchSize, end) }, into);
      for (let row = 0; row < size; row++) {
        const label = into.targets[row]!;
        // Inputs that are another sample's make no label of the epoch.
        labels.push(into.inputs[row * 4]! + into.inputs[row * 4 + 1]! * 256 === label ? label : -1);
      }
    }
  }
  return labels;
}

describe('ShuffledSamples', () => {
  it('visits every sample of an epoch once, in an order of seed, epoch and buffer alone', async () => {
    const given = await dataset();
    const subset = given.subset('train');
    const shuffleBytes = 5 * shardBytes(given);
    const samples = new ShuffledSamples({ subset, seed: 1, shuffleBytes });
    const first = await labelsOf(samples, 0);
    expect(first.toSorted((a, b) => a - b)).toEqual([...new Array(SAMPLES).keys()]);
    const second = await labelsOf(samples, 1);
    expect(second).not.toEqual(first);
    // Two groups at most were in memory; the last one of an epoch is of any size.
    expect(samples.bytes).toBeLessThanOrEqual(2 * shuffleBytes);
    const other = new ShuffledSamples({ subset, seed: 1, shuffleBytes });
    expect(await labelsOf(other, 1, 50)).toEqual(second);
    expect(await labelsOf(new ShuffledSamples({ subset, seed: 2, shuffleBytes }), 0)).not.toEqual(first);
    await samples.close();
    expect(samples.bytes).toBe(0);
  });

  it('with room for all is the order of epochOrder over the whole, read once', async () => {
    const given = await dataset();
    const samples = new ShuffledSamples({ subset: given.subset('train'), seed: 3, shuffleBytes: 2 ** 20 });
    const whole = numberedSamples(SAMPLES);
    for (const epoch of [0, 1, 2]) {
      const into = buffers(SAMPLES);
      gather(whole, epochOrder(SAMPLES, { seed: 3, epoch }), { start: 0, end: SAMPLES }, into);
      expect(await labelsOf(samples, epoch)).toEqual([...into.targets]);
      // Nothing is there any more that could be read a second time.
      if (epoch === 0) rmSync(join(given.location, 'train-00004.safetensors'));
    }
  });

  it('spreads the samples of a shard over its group, and neighbours over the epoch', async () => {
    const given = await dataset();
    const samples = new ShuffledSamples({
      subset: given.subset('train'),
      seed: 1,
      shuffleBytes: 14 * shardBytes(given),
    });
    const labels = await labelsOf(samples, 0);
    const position = new Map(labels.map((label, at) => [label, at]));
    // 14 shards of 9 are a group of 126. Two random places of 126 are 42 apart on average, of 500 some 167.
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const apart = (step: number) =>
      mean(labels.flatMap((a) => (a + step < SAMPLES ? [Math.abs(position.get(a)! - position.get(a + step)!)] : [])));
    expect(apart(1)).toBeGreaterThan(35);
    expect(apart(50)).toBeGreaterThan(120);
    const displaced = mean(labels.map((label, at) => Math.abs(label - at)));
    expect(displaced).toBeGreaterThan(120);
  });

  it('goes where it was not expected, and back, and refuses what it has not entered', async () => {
    const given = await dataset();
    const samples = new ShuffledSamples({
      subset: given.subset('train'),
      seed: 1,
      shuffleBytes: 5 * shardBytes(given),
    });
    const [a, b, c] = [...samples.groups(0)] as [ShardGroup, ShardGroup, ShardGroup];
    const read = ({ start }: { start: number }) => {
      const into = buffers(1);
      samples.gather({ epoch: 0, start, end: start + 1 }, into);
      return into.targets[0];
    };
    expect(() => read(a)).toThrow('expected a group of epoch 0 to be entered, got none');
    await samples.enter({ epoch: 0, start: a.start }, { epoch: 0, start: b.start });
    const label = read(a);
    expect(samples.has({ epoch: 0, start: a.end - 1 })).toBe(true);
    expect(samples.has({ epoch: 0, start: a.end })).toBe(false);
    await samples.enter({ epoch: 0, start: c.start });
    expect(() => read(a)).toThrow('expected a range within the group');
    await samples.enter({ epoch: 0, start: b.start }, { epoch: 1, start: 0 });
    await samples.enter({ epoch: 0, start: a.start }, { epoch: 0, start: c.start });
    expect(read(a)).toBe(label);
    await expect(samples.enter({ epoch: 0, start: SAMPLES })).rejects.toThrow(`in [0, ${SAMPLES}), got ${SAMPLES}`);
    await samples.close();
  });

  it('says which shard cannot be read: what was expected only when it is entered', async () => {
    const given = await dataset();
    const samples = new ShuffledSamples({
      subset: given.subset('train'),
      seed: 1,
      shuffleBytes: 5 * shardBytes(given),
    });
    const [a, b] = [...samples.groups(0)] as [ShardGroup, ShardGroup];
    const file = `train-${String(b.shards[0]).padStart(5, '0')}.safetensors`;
    rmSync(join(given.location, file));
    await samples.enter({ epoch: 0, start: a.start }, { epoch: 0, start: b.start });
    await expect(samples.enter({ epoch: 0, start: b.start })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(file),
    });
    await samples.close();
  });
});
