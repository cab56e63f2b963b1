import { describe, expect, it } from 'vitest';
import { ShardMemory } from '../../src/batches/shard-memory.js';
import type { Subset } from '../../src/dataset.js';
import { manyShards } from '../many-shards.js';

/** A subset that notes which shards are read, into which memory. */
async function noted(): Promise<{ subset: Subset; reads: number[]; into: Set<ArrayBufferLike>; bytes: number }> {
  const subset = (await manyShards({ train: 80, test: 1, shardSamples: 10 })).subset('train');
  const reads: number[] = [];
  const into = new Set<ArrayBufferLike>();
  const bytes = subset.manifest.shards[0]!.bytes;
  const readShard: Subset['readShard'] = (index, memory, options) => {
    reads.push(index);
    into.add(memory.buffer);
    return subset.readShard(index, memory, options);
  };
  return { subset: { ...subset, readShard }, reads, into, bytes };
}

describe('ShardMemory', () => {
  it('reads each shard that is held once, and in any order', async () => {
    const { subset, reads } = await noted();
    const memory = new ShardMemory({ subset, mostBytes: 1e6 });
    const one = memory.hold([3, 1]);
    const two = memory.hold([1, 5]);
    expect(one.ready).toBe(false);
    const labels = (parts: readonly { labels: Uint16Array }[]) => parts.map(({ labels: [first] }) => first);
    expect(labels(await one.samples)).toEqual([30, 10]);
    expect(labels(await two.samples)).toEqual([10, 50]);
    expect([one.ready, two.ready]).toEqual([true, true]);
    one.release();
    expect(labels(await memory.hold([1]).samples)).toEqual([10]);
    expect(reads.sort((a, b) => a - b)).toEqual([1, 3, 5]);
  });

  it('uses memory again: what was released right after a hold serves that hold', async () => {
    const { subset, into, bytes } = await noted();
    const memory = new ShardMemory({ subset, mostBytes: 4 * bytes });
    let held = memory.hold([0, 1]);
    await held.samples;
    for (const next of [
      [2, 3],
      [4, 5],
      [6, 7],
      [0, 1],
    ]) {
      const after = memory.hold(next);
      held.release();
      held = after;
      await held.samples;
      expect(memory.bytes).toBe(2 * bytes);
    }
    expect(into.size).toBe(2);
    held.release();
    await memory.close();
    expect(memory.bytes).toBe(0);
  });

  it('gives up what nobody waits for any more, and reads it anew for who asks later', async () => {
    const { subset } = await noted();
    const memory = new ShardMemory({ subset, mostBytes: 1e6 });
    const given = memory.hold([0, 1, 2, 3, 4, 5, 6, 7]);
    given.release();
    const again = memory.hold([7, 0]);
    await expect(given.samples).rejects.toMatchObject({ name: 'AbortError' });
    expect((await again.samples).map(({ labels }) => labels[0])).toEqual([70, 0]);
    again.release();
    await memory.close();
    expect(memory.bytes).toBe(0);
  });

  it('rejects with what reading throws, and can be asked again', async () => {
    const { subset } = await noted();
    let failing = true;
    const readShard: Subset['readShard'] = async (...given) => {
      if (failing) throw new Error('disk on fire');
      return subset.readShard(...given);
    };
    const memory = new ShardMemory({ subset: { ...subset, readShard }, mostBytes: 1e6 });
    const first = memory.hold([2]);
    await expect(first.samples).rejects.toThrow('disk on fire');
    failing = false;
    const second = memory.hold([2]);
    first.release();
    expect((await second.samples)[0]?.labels[0]).toBe(20);
    second.release();
    await memory.close();
    expect(memory.bytes).toBe(0);
  });
});
