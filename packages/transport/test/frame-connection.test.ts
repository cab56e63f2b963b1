import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Connection, Handler, Message } from '../src/connection.js';
import { asFloat32 } from '../src/float32-view.js';
import { FrameConnection } from '../src/frame-connection.js';
import { encodeFrame, frameBytes } from '../src/frame-encoder.js';
import { payloadPool } from '../src/payload-pool.js';
import { FrameKind } from '../src/prefix.js';
import {
  authenticate,
  client,
  echo,
  type Gate,
  gate,
  pair,
  rawServer,
  rawSocket,
  SHARD,
  server,
  WORKER,
} from './pair.js';

const MEGABYTE = 1024 ** 2;
const never: Handler = () => new Promise(() => {});

describe('request', () => {
  it('brings header, payload, kind, term and who asks', async () => {
    const seen: Message[] = [];
    const { near, far } = await pair({
      server: {
        handler: (message) => {
          seen.push(message);
          return { header: { version: 5 }, sendView: Float32Array.of(4, 5) };
        },
      },
    });
    near.term = 7;
    const reply = await near.request(33, { shard: 2 }, { sendView: Float32Array.of(1, 2, 3) });
    expect(reply.header).toEqual({ version: 5 });
    expect([...asFloat32(reply.payload)]).toEqual([4, 5]);
    expect(seen[0]).toMatchObject({ kind: 33, header: { shard: 2 }, term: 7, peer: far.peer });
    expect([...asFloat32(seen[0]!.payload)]).toEqual([1, 2, 3]);
  });

  it.each([true, false])('carries payloads whole, both ways and aligned, with crc %s', async (crc) => {
    const { near, far } = await pair({ server: { handler: echo, crc }, client: { handler: echo, crc } });
    for (const from of [near, far]) {
      for (const length of [0, 1, 7, 65_536, 100_003, 3 * MEGABYTE + 4]) {
        const payload = Uint8Array.from({ length }, (_, i) => i * 31);
        const reply = await from.request(16, {}, { sendView: payload });
        expect(Buffer.compare(reply.payload, payload)).toBe(0);
        expect(reply.payload.byteOffset % 8).toBe(0);
      }
    }
  });

  it('is answered in any order', async () => {
    const gates = new Map<number, Gate>();
    for (let i = 0; i < 20; i++) gates.set(i, gate());
    const { near } = await pair({
      server: {
        handler: async ({ header, payload }) => {
          await gates.get(header['i'] as number)!.promise;
          return { header, sendView: payload };
        },
      },
    });
    const order: number[] = [];
    const asked = Array.from({ length: 20 }, async (_, i) => {
      const reply = await near.request(16, { i }, { sendView: Float32Array.of(i) });
      expect(reply.header).toEqual({ i });
      expect(asFloat32(reply.payload)[0]).toBe(i);
      order.push(i);
      gates.get(i - 1)?.open();
    });
    gates.get(19)!.open();
    await Promise.all(asked);
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => 19 - i));
  });

  it('is answered in any order, both ways at once, whatever the lengths', async () => {
    const message = fc.record({ bytes: fc.nat(300_000), answered: fc.nat(300_000), wait: fc.nat(5) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 12 }),
        fc.array(message, { maxLength: 12 }),
        fc.boolean(),
        async (out, back, crc) => {
          const handler: Handler = async ({ header, payload }) => {
            const came = payload.every((byte) => byte === (header['i'] as number));
            for (let turns = header['wait'] as number; turns > 0; turns--) {
              await new Promise((resolve) => setImmediate(resolve));
            }
            const sendView = new Uint8Array(header['answered'] as number).fill((header['i'] as number) + 100);
            return { header: { i: header['i'], came }, sendView };
          };
          const pool = payloadPool({ maxRetainedBytes: MEGABYTE });
          const { near, far } = await pair({ server: { handler, crc, pool }, client: { handler, crc } });
          const ask = async (from: Connection, { bytes, answered, wait }: (typeof out)[0], i: number) => {
            const receiveInto = i % 2 === 0 ? new Uint8Array(answered) : undefined;
            const sendView = new Uint8Array(bytes).fill(i);
            const reply = await from.request(16, { i, wait, answered }, { sendView, receiveInto });
            expect(reply.header).toEqual({ i, came: true });
            expect(reply.payload).toHaveLength(answered);
            expect(reply.payload.every((byte) => byte === i + 100)).toBe(true);
          };
          await Promise.all([...out.map((m, i) => ask(near, m, i)), ...back.map((m, i) => ask(far, m, i))]);
          for (const { stats } of [near, far]) {
            expect(stats).toMatchObject({ pendingRequests: 0, queuedFrames: 0 });
          }
          await near.close();
        },
      ),
      { numRuns: 20 },
    );
  });

  it('copies nothing on sending, and on receiving what was read beside a header, once', async () => {
    const sendView = new Uint8Array(4 * MEGABYTE).fill(3);
    const { near, far } = await pair({ server: { crc: true }, client: { crc: true } });
    const receiveInto = new Uint8Array(sendView.length);
    const before = near.stats;
    for (let i = 0; i < 5; i++) await near.request(16, {}, { sendView, receiveInto });
    const after = near.stats;
    const came = after.receivedBytes - before.receivedBytes;
    expect(came).toBe(5 * (40 + sendView.length + 8));
    // 64 KiB at the first, at which nobody knows how long payloads will be, then 4 KiB.
    expect(after.copiedBytes - before.copiedBytes).toBeLessThanOrEqual((64 + 4 * 4) * 1024);
    expect(far.stats.copiedBytes).toBeLessThanOrEqual((64 + 4 * 4) * 1024);
    expect(after.sentFrames - before.sentFrames).toBe(5);
    expect(after.sentBytes - before.sentBytes).toBe(came);
  });

  it('puts the answer into the caller’s place', async () => {
    const { near, far } = await pair({ client: { handler: echo } });
    for (const from of [near, far]) {
      const into = new Uint8Array(2 * MEGABYTE + 10);
      const payload = new Uint8Array(2 * MEGABYTE).fill(9);
      const reply = await from.request(16, {}, { sendView: payload, receiveInto: into });
      expect(reply.payload.buffer).toBe(into.buffer);
      expect(reply.payload.length).toBe(payload.length);
      expect([into[2 * MEGABYTE - 1], into[2 * MEGABYTE]]).toEqual([9, 0]);
      await expect(from.request(16, {}, { sendView: payload, receiveInto: new Uint8Array(5) })).rejects.toMatchObject({
        code: 'limit',
      });
      expect((await from.request(16, { a: 1 })).header).toEqual({ a: 1 });
    }
  });

  it('rejects with the remote code and message', async () => {
    const { near } = await pair({
      server: {
        handler: ({ kind }) => {
          if (kind === 16) throw Object.assign(new Error('term 3 expected, got 2'), { code: 'stale', retryable: true });
          return { header: { bad: new Float32Array(1) } };
        },
      },
    });
    await expect(near.request(16, {})).rejects.toMatchObject({
      code: 'remote',
      remoteCode: 'stale',
      remoteMessage: 'term 3 expected, got 2',
      retryable: true,
      operation: 'request 1 (kind 16)',
    });
    await expect(near.request(17, {})).rejects.toMatchObject({ code: 'remote', remoteCode: 'configuration' });
    const { near: other, far } = await pair();
    await expect(far.request(16, {})).rejects.toMatchObject({ code: 'remote', remoteCode: 'configuration' });
    expect((await other.request(16, {})).header).toEqual({});
  });

  it('ends at its time limit or its signal, and the late answer is thrown away', async () => {
    const answer = gate();
    const { near } = await pair({
      server: {
        handler: async ({ header, payload }) => {
          if (header['wait'] === true) await answer.promise;
          return { header, sendView: payload };
        },
      },
    });
    const into = new Uint8Array(8);
    await expect(near.request(16, { wait: true }, { receiveInto: into, timeoutMs: 10 })).rejects.toMatchObject({
      code: 'timeout',
      operation: 'request 1 (kind 16)',
      receivedBytes: 0,
    });
    const controller = new AbortController();
    const asked = near.request(16, { wait: true }, { signal: controller.signal });
    controller.abort();
    await expect(asked).rejects.toMatchObject({ code: 'aborted', request: 2 });
    await expect(near.request(16, {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    answer.open();
    expect((await near.request(16, { wait: false })).header).toEqual({ wait: false });
    expect([...into]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('closes the connection rather than touch a receiveInto that was given up halfway', async () => {
    const { port, socket } = await rawServer();
    const connection = await client(port);
    const into = new Uint8Array(MEGABYTE);
    const controller = new AbortController();
    const asked = connection.request(16, {}, { receiveInto: into, signal: controller.signal });
    const other = connection.request(16, {});
    const raw = await socket;
    await once(raw, 'data');
    const reply = frameBytes(
      encodeFrame({ kind: FrameKind.reply, request: 1, payload: new Uint8Array(MEGABYTE).fill(1) }),
    );
    raw.write(reply.subarray(0, MEGABYTE / 2));
    while (into[1000] === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(asked).rejects.toMatchObject({ code: 'aborted', receivedBytes: expect.any(Number) });
    await expect(other).rejects.toThrow(/given up in the middle of its bytes/);
    expect(await connection.closed).toMatchObject({ code: 'aborted' });
  });

  it('lets go of a receiveInto that was given up halfway where it copies, and goes on', async () => {
    const accepted = gate<FrameConnection>();
    const listening = createServer((socket) => {
      const connection = new FrameConnection({
        identity: SHARD,
        socket,
        peer: WORKER,
        address: 'client',
        straight: false,
      });
      socket.on('data', (chunk: Uint8Array) => connection.write(chunk));
      accepted.open(connection);
    });
    onTestFinished(() => void listening.close());
    await once(listening.listen(0, '127.0.0.1'), 'listening');
    const raw = await rawSocket((listening.address() as AddressInfo).port);
    const connection = await accepted.promise;
    const into = new Uint8Array(1000);
    const controller = new AbortController();
    const asked = connection.request(16, {}, { receiveInto: into, signal: controller.signal });
    await once(raw, 'data');
    const reply = frameBytes(encodeFrame({ kind: FrameKind.reply, request: 1, payload: into.slice().fill(1) }));
    raw.write(reply.subarray(0, 540));
    while (into[499] === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(asked).rejects.toMatchObject({ code: 'aborted', receivedBytes: 500 });
    const next = connection.request(17, {});
    raw.write(reply.subarray(540));
    raw.write(frameBytes(encodeFrame({ kind: FrameKind.reply, request: 2, header: { a: 1 } })));
    expect((await next).header).toEqual({ a: 1 });
    expect([into[499], into[500]]).toEqual([1, 0]);
  });

  it('refuses transport’s own kinds, and more open requests than the limit', async () => {
    const { near } = await pair({ server: { handler: never }, client: { limits: { maxPendingRequests: 1 } } });
    await expect(near.request(1, {})).rejects.toThrow('kind: 16 to 255 expected, got 1');
    const first = near.request(16, {});
    await expect(near.request(16, {})).rejects.toMatchObject({ code: 'overloaded' });
    const outcome = expect(first).rejects.toMatchObject({ code: 'closed' });
    await near.close();
    await outcome;
  });
});

describe('the end', () => {
  it('rejects what is pending, naming peer, operation and bytes, when the peer dies in the middle of a frame', async () => {
    const { port, socket } = await rawServer();
    const connection = await client(port);
    const asked = connection.request(20, {});
    const other = connection.request(21, {});
    const raw = await socket;
    const failed = Promise.all([
      expect(asked).rejects.toMatchObject({
        code: 'lost',
        retryable: true,
        peer: `shard 0 at 127.0.0.1:${port}`,
        operation: 'request 1 (kind 20)',
        receivedBytes: 500,
        message: expect.stringMatching(
          /^request 1 \(kind 20\): 500 of 1,000 bytes had come from shard 0 at 127.0.0.1:\d+, then: .*\(seen by worker 3 on /,
        ),
      }),
      expect(other).rejects.toMatchObject({ code: 'lost', operation: 'request 2 (kind 21)', receivedBytes: 0 }),
    ]);
    raw.end(
      frameBytes(encodeFrame({ kind: FrameKind.reply, request: 1, payload: new Uint8Array(1000) })).subarray(0, 540),
    );
    await failed;
    expect(await connection.closed).toMatchObject({ code: 'lost' });
    await expect(connection.request(20, {})).rejects.toMatchObject({ code: 'lost' });
    await expect(connection.notify(20, {})).rejects.toMatchObject({ code: 'lost' });
  });

  it('comes by reset, too', async () => {
    const { port, socket } = await rawServer();
    const connection = await client(port);
    const asked = connection.request(20, {});
    (await socket).resetAndDestroy();
    await expect(asked).rejects.toMatchObject({ code: 'lost' });
  });

  it.each([
    ['protocol', Buffer.alloc(40, 1)],
    ['protocol', frameBytes(encodeFrame({ kind: 9 }))],
    ['protocol', frameBytes(encodeFrame({ kind: FrameKind.reply, request: 5 }))],
    ['limit', frameBytes(encodeFrame({ kind: 16, payload: new Uint8Array(2000) }))],
  ])('comes by %s when the peer sends what it must not', async (code, bytes) => {
    const { port } = await server({
      limits: { maxPayloadBytes: 1000 },
      onConnection: (connection) => void connection.closed.then((reason) => ended.open(reason?.code)),
    });
    const ended = gate<string | undefined>();
    const socket = await rawSocket(port);
    await authenticate(socket, 'client');
    socket.resume().write(bytes);
    await once(socket, 'close');
    expect(await ended.promise).toBe(code);
  });

  it('comes when a peer is silent', async () => {
    const { port, socket } = await rawServer();
    const connection = await client(port, { heartbeatMs: 5, detectionMs: 30 });
    (await socket).pause();
    const asked = connection.request(16, {});
    expect(await connection.closed).toMatchObject({
      code: 'silent',
      message: expect.stringMatching(/nothing came for/),
    });
    await expect(asked).rejects.toMatchObject({ code: 'silent' });
  });

  it('does not come to an idle connection: both sides beat', async () => {
    const times = { heartbeatMs: 5, detectionMs: 200 };
    const { near, far } = await pair({ server: times, client: times });
    let ended = false;
    void Promise.race([near.closed, far.closed]).then(() => {
      ended = true;
    });
    // A neighbour whose peer does not beat shows when the time is over.
    const { port } = await rawServer();
    const neighbour = await client(port, times);
    expect(await neighbour.closed).toMatchObject({ code: 'silent' });
    expect(ended).toBe(false);
    expect((await near.request(16, { a: 1 })).header).toEqual({ a: 1 });
  });

  it('by close() is told to the peer, rejects what is pending, and is the same for all who call', async () => {
    const { near, far } = await pair({ server: { handler: never }, client: { handler: never } });
    const asked = [near.request(16, {}), far.request(16, {})];
    const outcomes = Promise.allSettled(asked);
    expect(near.close()).toBe(near.close());
    await near.close();
    expect(await outcomes).toMatchObject([{ reason: { code: 'closed' } }, { reason: { code: 'peer-closed' } }]);
    expect(await near.closed).toBeUndefined();
    expect(await far.closed).toMatchObject({ code: 'peer-closed', retryable: true });
    await expect(near.notify(16, {})).rejects.toMatchObject({ code: 'closed' });
    await far.close();
  });

  it('by close() needs no peer that reads', async () => {
    const { port, socket } = await rawServer();
    const connection = await client(port);
    (await socket).pause();
    const sent = connection.notify(16, {}, new Uint8Array(32 * MEGABYTE));
    const outcome = expect(sent).rejects.toMatchObject({ code: 'closed' });
    await connection.close();
    await outcome;
    expect(await connection.closed).toBeUndefined();
  });
});
