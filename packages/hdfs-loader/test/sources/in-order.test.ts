import { describe, expect, it } from 'vitest';
import { inOrder } from '../../src/sources/in-order.js';

describe('inOrder', () => {
  it('gives results in the order of the items, whichever is done first, with at most so many in work', async () => {
    const open: (() => void)[] = [];
    let running = 0;
    let most = 0;
    const work = async (item: number): Promise<number> => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => open.push(resolve));
      running -= 1;
      return item * 10;
    };
    const results: number[] = [];
    const reading = (async () => {
      for await (const result of inOrder([1, 2, 3, 4, 5], 3, work)) results.push(result);
    })();
    // The last one that began ends first.
    while (results.length < 5) {
      open.pop()?.();
      await new Promise(setImmediate);
    }
    await reading;
    expect(results).toEqual([10, 20, 30, 40, 50]);
    expect(most).toBe(3);
  });

  it('ends with the first failure in the order, when nothing is left running', async () => {
    let ended = 0;
    const work = async (item: number): Promise<number> => {
      await new Promise(setImmediate);
      ended += 1;
      if (item === 2) throw new Error('two');
      return item;
    };
    const results: number[] = [];
    const reading = async () => {
      for await (const result of inOrder([1, 2, 3, 4, 5, 6], 3, work)) results.push(result);
    };
    await expect(reading()).rejects.toThrow('two');
    expect(results).toEqual([1]);
    expect(ended).toBe(4);
  });

  it('takes no more items once the reader has gone, and none where there are none', async () => {
    const begun: number[] = [];
    const work = async (item: number): Promise<number> => begun.push(item);
    for await (const _ of inOrder([1, 2, 3, 4], 2, work)) break;
    expect(begun).toEqual([1, 2]);
    for await (const _ of inOrder([], 2, work)) expect.unreachable();
  });
});
