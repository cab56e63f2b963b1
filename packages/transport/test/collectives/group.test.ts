import { describe, expect, it } from 'vitest';
import { allReduce, barrier, broadcast, ringAllReduce } from '../../src/collectives/collectives.js';
import { EXECUTORS } from './executors.js';
import { failureOf } from './fault-ring.js';
import { groups, reduced, sameBits, vectorOf } from './ring.js';

describe.each(EXECUTORS)('a group, %s', (executor) => {
  it('names who was waited for, for what, and how much had come, when time runs out', async () => {
    const [first] = await groups(2, { executor });
    const started = failureOf(ringAllReduce(first!, new Float32Array(1000), { timeoutMs: 200 }));
    expect(await started).toMatchObject({
      code: 'timeout',
      operation: 'ring-all-reduce #1 piece 1 of 2',
      sequence: 1,
      self: expect.stringMatching(/^worker 0 on ./),
      peer: expect.stringMatching(/^worker 1 at 127\.0\.0\.1:\d+$/),
      receivedBytes: 0,
      expectedBytes: 2000,
      retryable: false,
      message: expect.stringMatching(
        /^ring-all-reduce #1 piece 1 of 2: 0 of 2,000 bytes had come from worker 1 at [\d.:]+ within 200 ms \(seen by worker 0 on [^\n]+\)$/,
      ),
    });
    expect(await first!.closed).toMatchObject({ code: 'timeout' });
    await expect(barrier(first!)).rejects.toMatchObject({
      code: 'timeout',
      sequence: 2,
      self: expect.stringMatching(/^worker 0 on ./),
      message: expect.stringMatching(/^barrier #2: ring-all-reduce #1/),
    });
  });

  it('tells all when one leaves in the middle', async () => {
    const members = await groups(4, { executor });
    const waits = members.slice(0, 3).map((member) => failureOf(ringAllReduce(member, new Float32Array(100_000))));
    await members[3]!.close();
    for (const error of await Promise.all(waits)) {
      expect(error).toMatchObject({ code: 'lost', message: expect.stringMatching(/then: the connection ended/) });
    }
    expect(await members[3]!.closed).toBeUndefined();
    await expect(barrier(members[3]!)).rejects.toMatchObject({ code: 'closed' });
  });

  it('ends by an AbortSignal, at once and in the middle', async () => {
    const [first, second] = await groups(2, { executor });
    const controller = new AbortController();
    const started = failureOf(barrier(first!, { signal: controller.signal }));
    controller.abort(new Error('enough'));
    expect(await started).toMatchObject({
      code: 'aborted',
      message: expect.stringMatching(/^barrier #1: aborted \(seen by worker 0 on .+\)$/),
      cause: { message: 'enough' },
    });
    expect(await failureOf(barrier(second!))).toMatchObject({ code: 'lost' });

    const [third] = await groups(2, { executor });
    const early = AbortSignal.abort();
    expect(await failureOf(barrier(third!, { signal: early }))).toMatchObject({ code: 'aborted' });
  });

  it('says what each rank called when they differ', async () => {
    const [a, b] = await groups(2, { executor });
    const errors = await Promise.all([
      failureOf(allReduce(a!, new Float32Array(10))),
      failureOf(allReduce(b!, new Float32Array(12))),
    ]);
    expect(errors).toContainEqual(
      expect.objectContaining({
        code: 'protocol',
        message: expect.stringMatching(
          /"elements":10.* expected, got #1 of term 0 .*"elements":12|"elements":12.* expected, got #1 of term 0 .*"elements":10/,
        ),
      }),
    );

    const [c, d] = await groups(2, { executor });
    const others = await Promise.all([
      failureOf(ringAllReduce(c!, new Float32Array(10))),
      failureOf(broadcast(d!, new Float32Array(10), { root: 1 })),
    ]);
    expect(others).toContainEqual(
      expect.objectContaining({
        code: 'protocol',
        message: expect.stringMatching(/ring-all-reduce.* expected, got .*broadcast/),
      }),
    );
  });

  it('refuses another term', async () => {
    const [a, b] = await groups(2, { executor });
    b!.term = 7;
    const errors = await Promise.all([failureOf(barrier(a!)), failureOf(barrier(b!))]);
    expect(errors).toContainEqual(
      expect.objectContaining({
        code: 'protocol',
        message: expect.stringMatching(/#1 of term 0 .* expected, got #1 of term 7/),
      }),
    );
  });

  it('closes any number of times, and what waits is told', async () => {
    const [first] = await groups(2, { executor });
    const waits = [failureOf(barrier(first!)), failureOf(barrier(first!))];
    await Promise.all([first!.close(), first!.close()]);
    for (const wait of waits) expect(await wait).toMatchObject({ code: 'closed' });
    expect(await first!.closed).toBeUndefined();
  });

  it('tells an abort at once to what waits for its turn, and ends then', async () => {
    const [first, second] = await groups(2, { executor });
    const controller = new AbortController();
    const running = barrier(first!);
    const waiting = failureOf(barrier(first!, { signal: controller.signal }));
    controller.abort('enough');
    expect(await waiting).toMatchObject({ code: 'aborted', sequence: 2, cause: 'enough' });
    await Promise.all([running, barrier(second!)]);
    expect(await first!.closed).toMatchObject({ code: 'aborted', sequence: 2 });
    expect(await failureOf(barrier(second!))).toMatchObject({ code: 'lost' });
  });

  it('ends by an abort that comes when all bytes have moved', async () => {
    const [first, second] = await groups(2, { executor });
    const controller = new AbortController();
    const waits = [failureOf(barrier(first!, { signal: controller.signal })), failureOf(barrier(second!))];
    for (let i = 0; i < 10; i++) await Promise.resolve();
    // The event loop stands still, the addon's threads go on.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    controller.abort();
    expect(await waits[0]).toMatchObject({ code: 'aborted' });
    expect(await first!.closed).toMatchObject({ code: 'aborted' });
    await waits[1];
    expect(await failureOf(barrier(first!))).toMatchObject({ code: 'aborted' });
  });

  it('keeps the order of what is in flight, whatever its length', async () => {
    const members = await groups(3, { executor });
    const lengths = [0, 100_003, 1, 30_000, 2, 0, 70_000, 5];
    const vectors = members.map(({ rank }) => lengths.map((n) => vectorOf(rank, n)));
    await Promise.all(
      members.flatMap((member) => [
        ...vectors[member.rank]!.map((vector) => allReduce(member, vector)),
        barrier(member),
        broadcast(member, Float32Array.of(member.rank), { root: 2 }),
      ]),
    );
    for (const own of vectors) {
      for (const [i, n] of lengths.entries()) expect(sameBits(own[i]!, reduced('sum', 3, n))).toBe(true);
    }
  });

  it('stamps the term that was the group’s at the call', async () => {
    const [a, b] = await groups(2, { executor });
    const inFlight = [barrier(a!)];
    a!.term = 7;
    inFlight.push(barrier(a!));
    await barrier(b!);
    b!.term = 7;
    await Promise.all([...inFlight, barrier(b!)]);
    a!.term = -1;
    expect(await failureOf(barrier(a!))).toMatchObject({
      code: 'configuration',
      message: expect.stringMatching('term'),
    });
    expect(await a!.closed).toMatchObject({ code: 'configuration' });
  });

  it('ends when the memory of a vector was given away before its turn', async () => {
    const [a, b] = await groups(2, { executor });
    const vector = new Float32Array(1000);
    const waits = [barrier(a!), failureOf(allReduce(a!, vector))];
    structuredClone(vector, { transfer: [vector.buffer] });
    await barrier(b!);
    const message = expect.stringMatching(
      /^all-reduce #2: 1000 elements expected, got 0: .*given away \(seen by worker 0/,
    );
    expect(await waits[1]).toMatchObject({ code: 'configuration', message });
    expect(await failureOf(allReduce(b!, new Float32Array(1000)))).toMatchObject({ code: 'lost' });
  });

  it('refuses memory that can shrink', async () => {
    const [a] = await groups(1, { executor });
    const Resizable = ArrayBuffer as unknown as new (n: number, o: { maxByteLength: number }) => ArrayBuffer;
    const vector = new Float32Array(new Resizable(16, { maxByteLength: 32 }));
    await expect(allReduce(a!, vector)).rejects.toMatchObject({ code: 'configuration' });
  });

  it('is right for all when each closes as soon as it is done', async () => {
    for (let i = 0; i < 20; i++) {
      const members = await groups(3, { executor });
      await Promise.all(
        members.map(async (member) => {
          await barrier(member);
          await ringAllReduce(member, new Float32Array(5000));
          await member.close();
        }),
      );
    }
  });

  it('refuses a time limit that is none', async () => {
    const [first] = await groups(1, { executor });
    await expect(barrier(first!, { timeoutMs: 0 })).rejects.toThrow('timeoutMs');
  });
});
