import { openDataset } from '@weft/hdfs-loader';
import { describe, expect, it } from 'vitest';
import { readAhead, type ShardRef } from '../../src/preprocess/read-ahead.js';
import { shardedDataset } from '../tiny-dataset.js';

const dataset = async () => openDataset(await shardedDataset({ train: 10, test: 5, shardSamples: 4 }));
const FEATURES = 16;

describe('readAhead', () => {
  it('gives shards in the order asked for, and asks one ahead', async () => {
    const asked: string[] = [];
    const refs: ShardRef[] = [
      { subset: 'train', index: 2 },
      { subset: 'test', index: 0 },
      { subset: 'train', index: 0 },
    ];
    const next = async (): Promise<ShardRef | null> => {
      const ref = refs.shift() ?? null;
      asked.push(ref ? `${ref.subset} ${ref.index}` : 'end');
      return ref;
    };
    const seen: unknown[] = [];
    for await (const { ref, samples } of readAhead(await dataset(), next)) {
      seen.push([ref.subset, ref.index, samples.count, samples.inputs[0], asked.length]);
      expect(samples.inputs[(samples.count - 1) * FEATURES]).toBe(samples.inputs[0]! + samples.count - 1);
    }
    expect(seen).toEqual([
      ['train', 2, 2, 8, 2],
      ['test', 0, 4, 0, 3],
      ['train', 0, 4, 0, 4],
    ]);
  });

  it('throws what asking and reading throw, and leaves nothing unhandled where it is left early', async () => {
    const all = async (next: () => ShardRef | null) => {
      for await (const _ of readAhead(await dataset(), next));
    };
    await expect(all(() => ({ subset: 'train', index: 9 }))).rejects.toThrow('shard of 0 to 2, got 9');
    await expect(
      all(() => {
        throw new Error('no more');
      }),
    ).rejects.toThrow('no more');
    const refs: ShardRef[] = [
      { subset: 'train', index: 0 },
      { subset: 'train', index: 9 },
    ];
    for await (const { samples } of readAhead(await dataset(), () => refs.shift()!)) {
      expect(samples.count).toBe(4);
      break;
    }
  });

  it('ends with its signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    const reading = readAhead(await dataset(), () => ({ subset: 'train', index: 0 }) as const, { signal });
    await expect(reading.next()).rejects.toThrow('enough');
  });
});
