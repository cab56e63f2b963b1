import { describe, expect, it } from 'vitest';
import {
  allGather,
  allReduce,
  barrier,
  broadcast,
  gather,
  reduceScatter,
  ringAllReduce,
  SMALL_BYTES,
} from '../../src/collectives/collectives.js';
import type { Group } from '../../src/collectives/group.js';
import { joinGroup } from '../../src/collectives/join-group.js';
import { powerSgd } from '../../src/compression/power-sgd.js';
import { shardRanges } from '../../src/shard-ranges.js';
import { TOKEN } from '../pair.js';
import { EXECUTORS } from './executors.js';
import { groups, lengthsFor, meeting, reduced, SIZES, sameBits, vectorOf } from './ring.js';

const each = <T>(members: readonly Group[], act: (member: Group) => Promise<T>) => Promise.all(members.map(act));

describe.each(EXECUTORS)('over real sockets, %s', (executor) => {
  it.each(SIZES)('P = %i: every collective, every length', { timeout: 30_000 }, async (size) => {
    const members = await groups(size, { executor });
    for (const n of lengthsFor(size)) {
      for (const op of ['sum', 'mean', 'max'] as const) {
        for (const reduce of [ringAllReduce, allReduce]) {
          const vectors = members.map(({ rank }) => vectorOf(rank, n));
          await each(members, (member) => reduce(member, vectors[member.rank]!, { op }));
          for (const vector of vectors) expect(sameBits(vector, reduced(op, size, n))).toBe(true);
        }
      }
      const whole = reduced('sum', size, n);
      const vectors = members.map(({ rank }) => vectorOf(rank, n));
      const ranges = await each(members, (member) => reduceScatter(member, vectors[member.rank]!));
      expect(ranges).toEqual(shardRanges(n, size));
      for (const [rank, { start, end }] of ranges.entries()) {
        vectors[rank]!.fill(Number.NaN, 0, start).fill(Number.NaN, end);
      }
      const copies = vectors.map((vector) => vector.slice());
      await each(members, (member) => allGather(member, vectors[member.rank]!));
      for (const vector of vectors) expect(sameBits(vector, whole)).toBe(true);
      const root = size - 1;
      await each(members, (member) => gather(member, copies[member.rank]!, { root }));
      expect(sameBits(copies[root]!, whole)).toBe(true);
      for (const vector of copies.slice(0, root)) vector.fill(Number.NaN);
      await each(members, (member) => broadcast(member, copies[member.rank]!, { root }));
      for (const vector of copies) expect(sameBits(vector, whole)).toBe(true);
      await each(members, (member) => barrier(member));
    }
  });

  it('sums long vectors in pieces, with checksums', async () => {
    const size = 3;
    const n = 700_001;
    const members = await groups(size, { executor, crc: true });
    const vectors = members.map(({ rank }) => vectorOf(rank, n));
    await each(members, (member) => ringAllReduce(member, vectors[member.rank]!));
    for (const vector of vectors) expect(sameBits(vector, reduced('sum', size, n))).toBe(true);
  });

  it.each(['fp16', 'bf16', 'int8'] as const)('gives all ranks the same bits over a wire of %s', async (wire) => {
    for (const size of [2, 3, 4]) {
      const members = await groups(size, { executor });
      for (const n of [100, 20_000]) {
        const vectors = members.map(({ rank }) => Float32Array.from({ length: n }, (_, i) => Math.sin(i * (rank + 2))));
        const exact = vectors[0]!.map((_, i) => vectors.reduce((sum, v) => sum + v[i]!, 0));
        await each(members, (member) => allReduce(member, vectors[member.rank]!, { wire }));
        for (const vector of vectors) expect(sameBits(vector, vectors[0]!)).toBe(true);
        const worst = exact.reduce((most, x, i) => Math.max(most, Math.abs(x - vectors[0]![i]!)), 0);
        expect(worst).toBeLessThan(size * size * { fp16: 2 ** -11, bf16: 2 ** -8, int8: 1 / 254 }[wire]);
      }
    }
  });

  it('keeps the order of calls that are not awaited', async () => {
    const members = await groups(2, { executor });
    const vectors = members.map(({ rank }) => [1, 2, 3].map((k) => new Float32Array(10).fill(k * (rank + 1))));
    await each(members, async (member) => {
      await Promise.all(vectors[member.rank]!.map((vector) => allReduce(member, vector)));
    });
    for (const three of vectors) expect(three.map((v) => v[9])).toEqual([3, 6, 9]);
  });
});

it('both executors speak the same frames', async () => {
  const meet = meeting(2);
  const members = await Promise.all(
    ([EXECUTORS[0]!, 'socket'] as const).map((executor, rank) =>
      joinGroup({ rank, size: 2, run: 'r1', token: TOKEN, executor, crc: true, meet: (own) => meet(rank, own) }),
    ),
  );
  for (const wire of ['float32', 'int8'] as const) {
    const vectors = members.map(() => new Float32Array(SMALL_BYTES).fill(1.5));
    await each(members, (member) => ringAllReduce(member, vectors[member.rank]!, { wire }));
    expect(vectors.map((v) => v.every((x) => x === 3))).toEqual([true, true]);
  }
  await each(members, (member) => member.close());
});

it('carries PowerSGD: a gradient of low rank comes out as its mean, the same bits everywhere', async () => {
  const size = 3;
  const members = await groups(size);
  const shape = [40, 30] as const;
  const n = shape[0] * shape[1];
  const scheme = powerSgd([{ name: 'kernel', shape, offset: 0, length: n }], { rank: 2 });
  const gradientOf = (rank: number) =>
    Float32Array.from(
      { length: n },
      (_, i) => (rank + 1) * Math.sin(Math.floor(i / shape[1])) * Math.cos(i % shape[1]),
    );
  const means = members.map(() => new Float32Array(n));
  await each(members, (member) =>
    scheme.allReduce(gradientOf(member.rank), scheme.init(), means[member.rank]!, (v) =>
      ringAllReduce(member, v, { op: 'mean' }),
    ),
  );
  const expected = gradientOf(1); // the mean of 1, 2 and 3 times the same
  for (const mean of means) {
    expect(sameBits(mean, means[0]!)).toBe(true);
    expect(mean.every((x, i) => Math.abs(x - expected[i]!) < 1e-5)).toBe(true);
  }
});

it('refuses what it cannot do, before anything is sent', async () => {
  const [group] = await groups(1);
  const x = new Float32Array(4);
  await expect(ringAllReduce(group!, x, { op: 'min' as 'sum' })).rejects.toThrow(
    'op: one of sum, mean, max expected, got min',
  );
  await expect(ringAllReduce(group!, x, { wire: 'fp8' as 'fp16' })).rejects.toThrow(
    'wire one of float32, fp16, bf16, int8',
  );
  await expect(ringAllReduce(group!, [1] as unknown as Float32Array)).rejects.toThrow('Float32Array expected');
  await expect(broadcast(group!, x, { root: 1 })).rejects.toThrow('root: a rank of 0 to 0 expected, got 1');
});
