import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { allReduce, barrier, ringAllReduce } from '../../src/collectives/collectives.js';
import type { Group } from '../../src/collectives/group.js';
import { joinGroup } from '../../src/collectives/join-group.js';
import type { TransportError } from '../../src/errors.js';
import { HANDSHAKE_BYTES, turns } from '../fault-link.js';
import { OpenTimers } from '../open-timers.js';
import { TOKEN } from '../pair.js';
import { EXECUTORS } from './executors.js';
import { clearError, failureOf, faultRing, joining, taken } from './fault-ring.js';
import { groups, meeting, reduced, sameBits, vectorOf } from './ring.js';

/** Long enough for a first chunk to be cut in the middle. */
const N = 60_000;
/** Bytes from a rank, within its first payload. */
const MIDDLE = HANDSHAKE_BYTES + 5000;
const TIMEOUT_MS = 400;

const executors = EXECUTORS;
const rings = executors.flatMap((executor) => [2, 3, 4].map((size) => ({ executor, size })));

const codes = (errors: readonly TransportError[]) => new Set(errors.map(({ code }) => code));

/** All ranks reduce, and all end with one clear error. */
async function allFail(members: readonly Group[]): Promise<TransportError[]> {
  const o = { timeoutMs: TIMEOUT_MS };
  const errors = await Promise.all(
    members.map((member) => failureOf(ringAllReduce(member, vectorOf(member.rank, N), o))),
  );
  for (const [rank, error] of errors.entries()) {
    expect(error).toMatchObject(clearError(rank));
    expect(await members[rank]!.closed).toBe(error);
  }
  return errors as TransportError[];
}

describe.each(rings)('a ring of $size, $executor', ({ executor, size }) => {
  it('is right where a network is slow', async () => {
    const { members, proxies } = await faultRing(size, { executor, crc: true });
    proxies[0]!.down.delay(15);
    proxies[1]!.down.throttle(3e6);
    const vectors = members.map(({ rank }) => vectorOf(rank, N));
    await Promise.all(members.map((member) => allReduce(member, vectors[member.rank]!)));
    await Promise.all(members.map((member) => barrier(member)));
    for (const vector of vectors) expect(sameBits(vector, reduced('sum', size, N))).toBe(true);
  });

  it.each(['stall', 'swallow'] as const)('ends within its time limit at a %s', async (fault) => {
    const { members, proxies } = await faultRing(size, { executor });
    proxies[0]!.down.after(MIDDLE, fault);
    const errors = await allFail(members);
    expect(codes(errors)).toContain('timeout');
    for (const code of codes(errors)) expect(['timeout', 'lost']).toContain(code);
    // Its successor waits for it, or hears first of another whose time has run out.
    if (errors[1]!.code === 'timeout') {
      expect(errors[1]).toMatchObject({ peer: `worker 0 at 127.0.0.1:${proxies[0]!.port}` });
      expect(errors[1]!.receivedBytes).toBeGreaterThan(4000);
      expect(errors[1]!.receivedBytes).toBeLessThan(5000);
    }
  });

  it.each(['end', 'reset'] as const)('ends at once when a way is cut by %s', async (fault) => {
    const { members, proxies } = await faultRing(size, { executor });
    proxies[0]!.down.after(MIDDLE, fault);
    const errors = await allFail(members);
    expect(errors[1]!.code).toBe('lost');
  });

  it('ends when all ways of a member are reset', async () => {
    const { members, proxies } = await faultRing(size, { executor });
    proxies[0]!.down.after(MIDDLE, () => proxies[0]!.reset());
    expect(codes(await allFail(members))).toEqual(new Set(['lost']));
  });

  it('ends when a member vanishes', async () => {
    const { members, proxies } = await faultRing(size, { executor });
    proxies[0]!.down.after(MIDDLE, () => {
      for (const proxy of proxies) proxy.vanish();
    });
    // Nobody hears of anybody.
    expect(codes(await allFail(members))).toEqual(new Set(['timeout']));
  });

  it('sees a changed byte of a payload by its checksum, and of a head without', async () => {
    const { members, proxies } = await faultRing(size, { executor, crc: true });
    proxies[0]!.down.corrupt(MIDDLE);
    const errors = await allFail(members);
    expect(errors[1]).toMatchObject({
      code: 'checksum',
      message: expect.stringContaining('the checksum does not match'),
      peer: `worker 0 at 127.0.0.1:${proxies[0]!.port}`,
    });
    for (const [at, message] of [
      [8, /#1 of term 0 .* expected, got no frame of a collective: .*prefixCrc/],
      [45, /#1 of term 0 .* expected, got .*/],
    ] as const) {
      const other = await faultRing(size, { executor });
      other.proxies[0]!.down.corrupt(HANDSHAKE_BYTES + at);
      const failed = await allFail(other.members);
      expect(failed[1]).toMatchObject({ code: 'protocol', message: expect.stringMatching(message) });
    }
  });

  it('does not form with a member that is half-open, and says which', async () => {
    const started = taken().descriptors;
    const { members, proxies } = await joining(size, { executor, timeoutMs: TIMEOUT_MS }, (all) => all[1]!.vanish());
    const errors = await Promise.all(members.map(failureOf));
    for (const [rank, error] of errors.entries()) {
      expect(error).toMatchObject({
        code: 'timeout',
        operation: `group of ${size}, rank ${rank}: forming`,
        self: expect.stringMatching(new RegExp(`^worker ${rank} on .`)),
        message: expect.stringMatching(/: no end within 400 ms; not connected with worker \d[^\n]*\(seen by worker \d/),
      });
      if (rank !== 1) expect((error as Error).message).toMatch(/not connected with .*worker 1/);
    }
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await expect.poll(() => taken().descriptors).toBeLessThanOrEqual(started);
  });
});

describe('a ring under TLS', () => {
  it.each([
    ['stall', 'timeout'],
    ['reset', 'lost'],
    ['end', 'lost'],
  ] as const)('ends at a %s', async (fault, code) => {
    const { members, proxies } = await faultRing(3, { tls: 'on' });
    proxies[0]!.down.after(MIDDLE, fault);
    expect(codes(await allFail(members))).toContain(code);
  });

  it('ends at a changed byte', async () => {
    const { members, proxies } = await faultRing(3, { tls: 'on' });
    proxies[0]!.down.corrupt(MIDDLE);
    expect((await allFail(members))[1]).toMatchObject({
      code: 'lost',
      message: expect.stringMatching(/ended \(ERR_SSL/),
    });
  });
});

describe.each(executors)('members in other processes, %s', (executor) => {
  it('fail at once when one is killed within a collective', async () => {
    const size = 3;
    const n = 4_000_000;
    const child = spawn(process.execPath, [new URL('member.mjs', import.meta.url).pathname], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const read = async () => JSON.parse((await lines.next()).value as string);
    const write = (value: unknown) => child.stdin.write(`${JSON.stringify(value)}\n`);
    write({ n, rank: 2, size, run: 'r1', token: TOKEN.toString('hex'), executor });
    const meet = meeting(size);
    const formed = Promise.all(
      [0, 1].map((rank) =>
        joinGroup({ rank, size, run: 'r1', token: TOKEN, executor, meet: (own) => meet(rank, own) }),
      ),
    );
    write(await meet(2, await read()));
    const members = await formed;
    onTestFinished(async () => {
      await Promise.all(members.map((member) => member.close()));
    });
    // Rank 1 does not take part yet: so the others are in the middle of it.
    const first = failureOf(ringAllReduce(members[0]!, new Float32Array(n)));
    expect(await read()).toBe('reducing');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await first).toMatchObject({ ...clearError(0), code: 'lost' });
    expect(await failureOf(ringAllReduce(members[1]!, new Float32Array(n)))).toMatchObject({
      ...clearError(1),
      code: 'lost',
    });
  });
});

describe.each(executors)('after many groups, %s', (executor) => {
  /** Forms, breaks or closes a few groups, in each way. */
  async function useAndEnd(): Promise<void> {
    const { members, proxies } = await faultRing(3, { executor });
    proxies[0]!.down.after(MIDDLE, 'reset');
    await Promise.all(members.map((member) => failureOf(ringAllReduce(member, new Float32Array(N)))));
    const closing = await groups(3, { executor });
    const running = closing.map((member) => failureOf(ringAllReduce(member, new Float32Array(N))));
    await closing[1]!.close();
    await Promise.all(running);
    const aborted = await groups(2, { executor });
    const controller = new AbortController();
    const wait = failureOf(barrier(aborted[0]!, { signal: controller.signal }));
    await turns(1);
    controller.abort();
    await wait;
    const late = await groups(2, { executor });
    await failureOf(barrier(late[0]!, { timeoutMs: 5 }));
    const { members: half, proxies: broken } = await joining(2, { executor, timeoutMs: 50 }, (all) => all[1]!.vanish());
    await Promise.all(half.map(failureOf));
    for (const group of [...members, ...closing, ...aborted, ...late]) await group.close();
    for (const proxy of [...proxies, ...broken]) await proxy.close();
  }

  it('no descriptor, thread or timer is left', async () => {
    await useAndEnd();
    await turns(10);
    const timers = new OpenTimers().start();
    const before = taken();
    for (let i = 0; i < 8; i++) await useAndEnd();
    await turns(10);
    timers.stop();
    expect(timers.count).toBe(0);
    // A closed group's thread ends on its own time, so `before` may still count some; what is lost adds up to more.
    await expect.poll(() => taken().descriptors).toBeLessThanOrEqual(before.descriptors);
    await expect.poll(() => taken().threads).toBeLessThanOrEqual(before.threads);
  });
});
