import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { allReduce, barrier } from '../../src/collectives/collectives.js';
import { joinGroup } from '../../src/collectives/join-group.js';
import { openDoor } from '../../src/door.js';
import { TOKEN } from '../pair.js';
import { groups, meeting, reduced, sameBits, vectorOf } from './ring.js';

const base = { run: 'r1', token: TOKEN } as const;

describe('joinGroup', () => {
  it('forms groups of any size, alone too', async () => {
    const [alone] = await groups(1);
    expect(alone).toMatchObject({ rank: 0, size: 1 });
    await barrier(alone!);
    const members = await groups(9);
    await Promise.all(members.map((member) => barrier(member)));
    expect(members.map(({ rank, executor }) => [rank, executor])).toEqual(
      Array.from({ length: 9 }, (_, rank) => [rank, 'native']),
    );
  });

  it('has checksums where bytes leave the machine, or when asked', async () => {
    const [near] = await groups(2);
    const [asked] = await groups(2, { crc: true });
    expect([near!.crc, asked!.crc]).toEqual([false, true]);
  });

  it.each([
    [{ rank: 0, size: 0 }, 'size: a whole number ≥ 1 expected, got 0'],
    [{ rank: 2, size: 2 }, 'rank: 0 to 1 expected, got 2'],
    [{ rank: -1, size: 2 }, 'rank: 0 to 1 expected, got -1'],
  ])('refuses %j', async (place, message) => {
    const joining = joinGroup({ ...base, ...place, meet: async () => [] });
    await expect(joining).rejects.toMatchObject({ code: 'configuration', message });
  });

  it('ends when the others do not come, or the meeting does not', async () => {
    const never = joinGroup({ ...base, rank: 0, size: 2, timeoutMs: 100, meet: () => new Promise(() => {}) });
    await expect(never).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('rank 0') });
    const mute = await openDoor({
      identity: { role: 'worker', rank: 1, run: 'r1' },
      token: TOKEN,
      onAuthenticated: () => {},
    });
    onTestFinished(() => mute.close());
    const half = joinGroup({ ...base, rank: 0, size: 2, timeoutMs: 300, meet: async (own) => [own, mute] });
    await expect(half).rejects.toMatchObject({ code: 'timeout' });
    const failing = joinGroup({ ...base, rank: 0, size: 2, meet: () => Promise.reject(new Error('no coordinator')) });
    await expect(failing).rejects.toThrow('no coordinator');
    const short = joinGroup({ ...base, rank: 0, size: 2, meet: async (own) => [own] });
    await expect(short).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('2 addresses'),
    });
    const aborted = joinGroup({ ...base, rank: 0, size: 2, signal: AbortSignal.abort(), meet: async () => [] });
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
  });

  it('keeps out who does not know the token', async () => {
    const meet = meeting(2);
    const tokens = [TOKEN, randomBytes(32)];
    const joining = tokens.map((token, rank) =>
      joinGroup({ rank, size: 2, run: 'r1', token, timeoutMs: 2000, meet: (own) => meet(rank, own) }),
    );
    for (const outcome of await Promise.allSettled(joining)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'authentication' } });
    }
  });

  it('does not take one rank for another', async () => {
    const others = await Promise.all(
      [1, 2].map((rank) =>
        openDoor({ identity: { role: 'worker', rank, run: 'r1' }, token: TOKEN, onAuthenticated: () => {} }),
      ),
    );
    onTestFinished(async () => {
      await Promise.all(others.map((door) => door.close()));
    });
    const swapped = joinGroup({ ...base, rank: 0, size: 3, meet: async (own) => [own, others[1]!, others[0]!] });
    await expect(swapped).rejects.toMatchObject({
      code: 'authentication',
      message: expect.stringMatching(/worker [12] expected, got worker [12]/),
    });
  });
});

describe('under TLS', () => {
  it('moves on the event loop, with the same results', async () => {
    const members = await groups(3, { tls: 'on' });
    expect(members.map(({ executor, crc }) => [executor, crc])).toEqual(Array(3).fill(['socket', false]));
    const vectors = members.map(({ rank }) => vectorOf(rank, 300_000));
    await Promise.all(members.map((member) => allReduce(member, vectors[member.rank]!)));
    for (const vector of vectors) expect(sameBits(vector, reduced('sum', 3, 300_000))).toBe(true);
  });

  it('is not given up for speed', async () => {
    const meet = meeting(2);
    const joining = [0, 1].map((rank) =>
      joinGroup({ ...base, rank, size: 2, tls: 'on', executor: 'native', meet: (own) => meet(rank, own) }),
    );
    for (const outcome of await Promise.allSettled(joining)) {
      expect(outcome).toMatchObject({ reason: { code: 'configuration', message: expect.stringContaining('TLS') } });
    }
  });
});
