import { describe, expect, it } from 'vitest';
import { ShardQueue } from '../../src/preprocess/shard-queue.js';

const shard = (samples: number) => ({ file: 'x', samples, bytes: samples, sha256: '' });
const subset = (...samples: number[]) => ({
  samples: samples.reduce((a, b) => a + b, 0),
  perClass: [],
  range: [0, 1] as const,
  shards: samples.map(shard),
});
const subsets = { train: subset(10, 20, 30), test: subset(5) };

describe('ShardQueue', () => {
  it('gives each shard out once, and is done when all are written', () => {
    const queue = new ShardQueue({ subsets, has: () => false });
    const given = [0, 1, 0, 1].map((worker) => ({ worker, ref: queue.next(worker)! }));
    expect(given.map(({ ref }) => `${ref.subset} ${ref.index}`)).toEqual(['train 0', 'train 1', 'train 2', 'test 0']);
    expect(queue.next(0)).toBeNull();
    for (const { worker, ref } of given) {
      expect(queue.isDone).toBe(false);
      queue.written(worker, ref);
    }
    expect(queue.isDone).toBe(true);
    expect(queue.done).toEqual({ samples: 65, shards: 4 });
  });

  it('leaves out what is there, and counts it', () => {
    const queue = new ShardQueue({ subsets, has: (name, index) => name === 'train' && index < 2 });
    expect(queue.done).toEqual({ samples: 30, shards: 2 });
    expect([queue.next(0), queue.next(0), queue.next(0)]).toEqual([
      { subset: 'train', index: 2 },
      { subset: 'test', index: 0 },
      null,
    ]);
    expect(new ShardQueue({ subsets, has: () => true }).isDone).toBe(true);
  });

  it('gives a worker the nearest first', () => {
    const nearness = (worker: number, ref: { index: number }): number => (ref.index === worker ? 1 : 0);
    const queue = new ShardQueue({ subsets, has: () => false, nearness });
    expect(queue.next(2)).toEqual({ subset: 'train', index: 2 });
    expect(queue.next(2)).toEqual({ subset: 'train', index: 0 });
  });

  it('refuses what a worker was not given', () => {
    const queue = new ShardQueue({ subsets, has: () => false });
    const ref = queue.next(0)!;
    expect(() => queue.written(1, ref)).toThrow('train 0: not given to worker 1');
    queue.written(0, ref);
    expect(() => queue.written(0, ref)).toThrow(RangeError);
  });
});
