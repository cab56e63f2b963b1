import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AuthenticatedSocket } from '../../src/authentication.js';
import { allReduce, barrier } from '../../src/collectives/collectives.js';
import { type GroupOptions, joinGroup, type MemberAddress } from '../../src/collectives/join-group.js';
import { dial } from '../../src/dial.js';
import { openDoor } from '../../src/door.js';
import { turns } from '../fault-link.js';
import { gate, TOKEN } from '../pair.js';
import { EXECUTORS } from './executors.js';
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
      Array.from({ length: 9 }, (_, rank) => [rank, EXECUTORS[0]]),
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

describe('while a group forms', () => {
  /** Rank 0 of two, with rank 1 still to come: its door, and what ends its wait for the meeting. */
  async function half(o: Partial<GroupOptions> = {}) {
    const meet = meeting(2);
    const listening = gate<MemberAddress>();
    const first = joinGroup({
      ...base,
      rank: 0,
      size: 2,
      meet: (own) => {
        listening.open(own);
        return meet(0, own);
      },
      ...o,
    });
    first.catch(() => {});
    const address = await listening.promise;
    const second = (p: Partial<GroupOptions> = {}) =>
      joinGroup({ ...base, rank: 1, size: 2, meet: (own) => meet(1, own), ...p });
    return { first, address, second };
  }
  const closedOf = async ({ socket, intake }: AuthenticatedSocket) => {
    intake.start({ write: () => {} });
    if (!socket.destroyed) await once(socket, 'close');
  };

  it('strangers, and members with no place in it, are let go; it forms', async () => {
    const { first, address, second } = await half();
    const raw = connect(address);
    raw.on('error', () => {});
    raw.write('GET / HTTP/1.1\r\n\r\n'.repeat(20));
    await once(raw.resume(), 'close');
    const mute = connect(address).on('error', () => {});
    await once(mute, 'connect');
    const guess = dial({ ...address, identity: { role: 'worker', rank: 1, run: 'r1' }, token: randomBytes(32) });
    await expect(guess).rejects.toMatchObject({ code: 'authentication' });
    for (const who of [
      { role: 'shard', rank: 1 },
      { role: 'worker', rank: 5 },
      { role: 'worker', rank: 0 },
    ]) {
      await closedOf(await dial({ ...address, identity: { ...who, run: 'r1' }, token: TOKEN }));
    }
    const members = await Promise.all([first, second()]);
    await once(mute.resume(), 'close');
    await Promise.all(members.map((member) => barrier(member)));
    const late = dial({ ...address, identity: { role: 'worker', rank: 1, run: 'r1' }, token: TOKEN });
    await expect(late).rejects.toMatchObject({ code: 'unreachable' });
    await Promise.all(members.map((member) => member.close()));
  });

  it('a member that joins twice ends it', async () => {
    const { first, address } = await half();
    const one = () => dial({ ...address, identity: { role: 'worker', rank: 1, run: 'r1' }, token: TOKEN });
    const sockets = [await one(), await one()];
    await expect(first).rejects.toMatchObject({
      code: 'lost',
      retryable: true,
      operation: 'group of 2, rank 0: forming',
      peer: expect.stringMatching(/^worker 1 at [\d.:]+$/),
      message: expect.stringMatching(/worker 1 at [\d.:]+ joined again: .*\(seen by worker 0 on .+\)$/),
    });
    await Promise.all(sockets.map(closedOf));
  });

  it.each(['resolves', 'rejects'] as const)('a meeting that %s too late changes nothing', async (how) => {
    const controller = new AbortController();
    const late = gate<MemberAddress[] | Error>();
    const listening = gate<MemberAddress>();
    const other = await openDoor({
      identity: { role: 'worker', rank: 1, run: 'r1' },
      token: TOKEN,
      onAuthenticated: () => expect.unreachable(),
    });
    onTestFinished(() => other.close());
    const meet = async (own: MemberAddress) => {
      listening.open(own);
      const came = await late.promise;
      if (came instanceof Error) throw came;
      return came;
    };
    const first = joinGroup({ ...base, rank: 0, size: 2, signal: controller.signal, meet });
    const address = await listening.promise;
    controller.abort('enough');
    await expect(first).rejects.toMatchObject({
      code: 'aborted',
      cause: 'enough',
      self: expect.stringMatching('worker 0'),
    });
    if (how === 'resolves') late.open([address, other]);
    else late.open(new Error('no coordinator'));
    await turns(5);
    await expect(
      dial({ ...address, identity: { role: 'worker', rank: 1, run: 'r1' }, token: TOKEN }),
    ).rejects.toMatchObject({
      code: 'unreachable',
    });
  });

  it.each([
    [[{ host: '127.0.0.1', port: 1 }], '2 addresses'],
    [[undefined, { host: '127.0.0.1', port: 1 }], 'host and port of rank 0'],
    [[{ host: '127.0.0.1', port: 1 }, { host: '127.0.0.1' }], 'host and port of rank 1'],
    [undefined, '2 addresses'],
  ])('a meeting that gives %j is refused', async (addresses, message) => {
    const joined = joinGroup({ ...base, rank: 0, size: 2, meet: async () => addresses as MemberAddress[] });
    await expect(joined).rejects.toMatchObject({ code: 'configuration', message: expect.stringContaining(message) });
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
