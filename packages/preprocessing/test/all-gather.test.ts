import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allGather } from '../src/all-gather.js';
import { inProcessAllReduce } from './in-process-all-reduce.js';

const bitsOf = (numbers: Float64Array): bigint[] => [...new BigUint64Array(numbers.slice().buffer)];

describe('allGather', () => {
  it('gives every rank the numbers of all, to the last bit, whatever they are', async () => {
    const numbers = fc.array(fc.double(), { maxLength: 9 }).map((list) => Float64Array.from(list));
    await fc.assert(
      fc.asyncProperty(fc.array(numbers, { minLength: 1, maxLength: 4 }), async (shares) => {
        const ends = inProcessAllReduce(shares.length);
        const found = await Promise.all(shares.map((share, rank) => allGather(ends[rank]!, [share])));
        for (const gathered of found) expect(gathered.map(bitsOf)).toEqual(shares.map(bitsOf));
      }),
    );
  });

  it('keeps what a float32 does not hold', async () => {
    const share = Float64Array.of(2 ** 53 - 1, 1e300, 5e-324, -0, Number.NEGATIVE_INFINITY, Math.PI);
    const [alone] = inProcessAllReduce(1);
    const [gathered] = await allGather(alone!, [share.subarray(0, 2), share.subarray(2)]);
    expect(bitsOf(gathered!)).toEqual(bitsOf(share));
  });
});
