import { describe, expect, it } from 'vitest';
import type { Handler } from '../src/connection.js';
import { asFloat32 } from '../src/float32-view.js';
import { client, gate, pair, rawServer } from './pair.js';

const MEGABYTE = 1024 ** 2;

describe('notify', () => {
  it('arrives, and resolves when the view may be written again', async () => {
    const sums: number[] = [];
    const last = gate();
    const { near } = await pair({
      server: {
        handler: ({ header, payload }) => {
          sums.push(asFloat32(payload).reduce((a, b) => a + b, 0));
          if (header['i'] === 9) last.open();
          return undefined;
        },
      },
    });
    const vector = new Float32Array(MEGABYTE / 4);
    for (let i = 0; i < 10; i++) {
      vector.fill(i);
      await near.notify(16, { i }, vector);
    }
    await last.promise;
    expect(sums).toEqual(Array.from({ length: 10 }, (_, i) => (i * MEGABYTE) / 4));
  });

  it('waits for a slow reader, and holds no more than the limit', async () => {
    const { port, socket } = await rawServer();
    const connection = await client(port, { limits: { maxQueuedFrames: 3 } });
    const raw = await socket;
    raw.pause();
    const payload = new Uint8Array(16 * MEGABYTE);
    const settled: number[] = [];
    const sent = Array.from({ length: 4 }, async (_, i) => {
      await connection.notify(16, {}, payload);
      settled.push(i);
    });
    await expect(connection.notify(16, {}, payload)).rejects.toMatchObject({ code: 'overloaded' });
    expect(settled).toEqual([]);
    raw.resume();
    await Promise.all(sent);
    expect(settled).toEqual([0, 1, 2, 3]);
  });

  it('is held back by a handler that does not settle: what this side and the peer hold is bounded', async () => {
    const gates: (() => void)[] = [];
    let came = 0;
    const full = gate();
    const all = gate();
    const handler: Handler = async () => {
      came += 1;
      if (came === 2) full.open();
      if (came === COUNT) all.open();
      await new Promise<void>((resolve) => gates.push(resolve));
      return undefined;
    };
    // More than all of the kernel's buffers take.
    const COUNT = 160;
    const { near, far } = await pair({ server: { handler, limits: { maxHandledMessages: 2 } } });
    const view = new Uint8Array(MEGABYTE);
    let settled = 0;
    const sent = Array.from({ length: COUNT }, async () => {
      await near.notify(16, {}, view);
      settled += 1;
    });
    await full.promise;
    const check = () => {
      expect(near.stats.unwrittenBytes).toBeLessThanOrEqual(MEGABYTE + 512 * 1024);
      expect(far.stats.handledMessages).toBeLessThanOrEqual(3);
    };
    for (let i = 0; i < 1000; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      check();
    }
    expect(came).toBeLessThanOrEqual(3);
    expect(settled).toBeLessThan(COUNT / 2);
    expect(near.stats.queuedFrames).toBeGreaterThan(COUNT / 2 - 3);
    while (came < COUNT) {
      gates.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
      check();
    }
    await all.promise;
    for (const open of gates) open();
    await Promise.all(sent);
    expect(near.stats).toMatchObject({ queuedFrames: 0, unwrittenBytes: 0 });
  });

  it('ends at its time limit when the peer does not read', async () => {
    const { port, socket } = await rawServer();
    const connection = await client(port);
    (await socket).pause();
    const first = connection.notify(16, {}, new Uint8Array(32 * MEGABYTE), { timeoutMs: 50 });
    const second = connection.notify(16, {});
    await expect(first).rejects.toMatchObject({ code: 'timeout' });
    await expect(second).rejects.toThrow(/given up in the middle of its bytes/);
    expect(await connection.closed).toMatchObject({ code: 'timeout' });
  });

  it('whose handler fails ends the connection on both sides', async () => {
    const { near, far } = await pair({
      server: {
        handler: () => {
          throw new Error('no such shard');
        },
      },
    });
    await near.notify(16, {});
    expect(await near.closed).toMatchObject({ code: 'remote', remoteMessage: 'no such shard' });
    expect(await far.closed).toMatchObject({ code: 'handler', message: expect.stringMatching(/no such shard/) });
  });
});

describe('beat', () => {
  it('is sent by an idle side, not beside what waits', async () => {
    const { port, socket } = await rawServer();
    const connection = await client(port, { heartbeatMs: 5 });
    const raw = await socket;
    raw.resume();
    while (connection.stats.sentFrames < 3) await new Promise((resolve) => setImmediate(resolve));
    raw.pause();
    const sent = connection.notify(16, {}, new Uint8Array(32 * MEGABYTE));
    const outcome = expect(sent).rejects.toMatchObject({ code: 'closed' });
    const neighbour = await client(port, { heartbeatMs: 5, detectionMs: 50 });
    await neighbour.closed; // time for many beats
    expect(connection.stats.queuedFrames).toBe(0);
    await connection.close();
    await outcome;
  });
});
