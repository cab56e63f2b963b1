import { describe, expect, it } from 'vitest';
import type { Handler } from '../src/connection.js';
import { ask, HANDSHAKE_BYTES, STAGES, withLink } from './fault-link.js';
import { echo, gate } from './pair.js';

const MEGABYTE = 1024 ** 2;
const SHORT = { heartbeatMs: 10, detectionMs: 150 };
const never: Handler = () => new Promise(() => {});

describe('a peer that vanished without a word', () => {
  it('is noticed by its silence, on both sides, idle or not', async () => {
    await withLink({ server: { ...SHORT, handler: never }, client: SHORT }, async ({ near, far, proxy }) => {
      const asked = [ask(near), near.request(17, {})];
      proxy.vanish();
      expect(await Promise.allSettled(asked)).toMatchObject([
        {
          reason: {
            code: 'silent',
            retryable: true,
            request: 1,
            receivedBytes: 0,
            message: expect.stringMatching(
              /^request 1 \(kind 16\): nothing had come from shard 0 at [\d.:]+, then: nothing came for \d+ ms \(seen by worker 3 on /,
            ),
          },
        },
        { reason: { code: 'silent', request: 2 } },
      ]);
      expect(await Promise.all([near.closed, far.closed])).toMatchObject([
        { code: 'silent', self: expect.stringMatching(/^worker 3 /), peer: expect.stringMatching(/^shard 0 /) },
        { code: 'silent', self: expect.stringMatching(/^shard 0 /), peer: expect.stringMatching(/^worker 3 /) },
      ]);
    });
  });

  it.each(Object.entries(STAGES))('is noticed in the middle of a frame: in its %s', async (_, at) => {
    await withLink({ client: SHORT }, async ({ near, proxy }) => {
      // The first frame down is not known here, it may be a beat: what counts is that the rest never comes.
      proxy.down.after(HANDSHAKE_BYTES + at, 'stall');
      await expect(ask(near)).rejects.toMatchObject({ code: 'silent', receivedBytes: expect.any(Number) });
    });
  });

  it('is told to the handlers that still work for it', async () => {
    const told = gate<unknown>();
    const handler: Handler = ({ signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          told.open(signal.reason);
          resolve(undefined);
        });
      });
    await withLink({ server: { ...SHORT, handler }, client: SHORT }, async ({ near, proxy }) => {
      const asked = expect(ask(near)).rejects.toMatchObject({ code: 'silent' });
      await proxy.up.forwarded(HANDSHAKE_BYTES + 1056);
      proxy.vanish();
      expect(await told.promise).toMatchObject({ code: 'silent' });
      await asked;
    });
  });
});

describe('a one-way cut', () => {
  it('up: the server misses the client, and hangs up on it', async () => {
    await withLink({ server: SHORT }, async ({ near, far, proxy }) => {
      proxy.up.swallow();
      const asked = expect(ask(near)).rejects.toMatchObject({ code: 'lost' });
      expect(await far.closed).toMatchObject({ code: 'silent' });
      await asked;
    });
  });

  it('down: the client misses the server, and hangs up on it', async () => {
    await withLink({ client: SHORT }, async ({ near, far, proxy }) => {
      proxy.down.swallow();
      await expect(ask(near)).rejects.toMatchObject({ code: 'silent' });
      expect(await far.closed).toMatchObject({ code: 'lost' });
    });
  });
});

describe('a peer that takes everything and says nothing', () => {
  it('ends each wait at its limit, and close() too', async () => {
    await withLink({}, async ({ near, proxy }) => {
      proxy.vanish();
      await expect(ask(near, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout', receivedBytes: 0 });
      await expect(near.request(17, {}, { timeoutMs: 10 })).rejects.toMatchObject({ code: 'timeout', request: 2 });
      await near.notify(16, {}); // the kernel has it: more is not promised
      const waiting = expect(near.request(18, {})).rejects.toMatchObject({ code: 'closed', request: 3 });
      const closing = near.close({ timeoutMs: 10 });
      expect(near.close()).toBe(closing);
      await closing;
      await waiting;
      expect(await near.closed).toBeUndefined();
    });
  });

  it('does not hold up a close() whose signal says so', async () => {
    await withLink({}, async ({ near, far, proxy }) => {
      proxy.vanish();
      const controller = new AbortController();
      const closing = near.close({ timeoutMs: 60_000, signal: controller.signal });
      controller.abort();
      await closing;
      await far.close({ timeoutMs: 60_000, signal: AbortSignal.abort() });
    });
  });
});

describe('a slow link', () => {
  it('is not mistaken for silence, while its bytes trickle', async () => {
    const times = { heartbeatMs: 50, detectionMs: 400 };
    await withLink({ server: times, client: times }, async ({ near, proxy }) => {
      proxy.up.throttle(400_000);
      proxy.down.throttle(400_000);
      const send = Uint8Array.from({ length: 240_000 }, (_, i) => i * 31);
      const { payload } = await ask(near, { send, timeoutMs: 30_000 });
      expect(Buffer.compare(payload, send)).toBe(0);
    });
  });

  it('with a long way keeps many requests in flight', async () => {
    await withLink({}, async ({ near, proxy }) => {
      proxy.up.delay(20);
      proxy.down.delay(20);
      const into = Array.from({ length: 50 }, () => new Uint8Array(1000));
      const replies = await Promise.all(into.map((place) => ask(near, { into: place })));
      expect(replies.map(({ payload }) => payload[999])).toEqual(into.map(() => 7));
      // All of them were on the way at once: 50 round trips one after the other would take two seconds.
      await proxy.up.forwarded(HANDSHAKE_BYTES + 50 * 1056);
    });
  });
});

describe('a reader that stops', () => {
  it('holds up what is sent: each wait ends at its limit, the rest when the connection does', async () => {
    await withLink({}, async ({ near, far, proxy }) => {
      proxy.up.stall();
      const bulk = new Uint8Array(32 * MEGABYTE);
      const first = near.notify(16, {}, bulk, { timeoutMs: 30 });
      const second = near.notify(17, {}, bulk);
      const third = near.request(18, {});
      expect(await Promise.allSettled([first, second, third])).toMatchObject([
        {
          reason: {
            code: 'timeout',
            operation: 'notification (kind 16)',
            message: expect.stringMatching(
              /^notification \(kind 16\) to shard 0 at [\d.:]+: no end within 30 ms \(seen by worker 3 on /,
            ),
          },
        },
        { reason: { code: 'timeout', operation: 'notification (kind 17)' } },
        { reason: { code: 'timeout', request: 1, receivedBytes: 0 } },
      ]);
      expect(await near.closed).toMatchObject({ code: 'timeout' });
      proxy.up.flow();
      expect(await far.closed).toMatchObject({ code: 'lost' });
    });
  });

  it('ends what is sent by its signal', async () => {
    await withLink({}, async ({ near, proxy }) => {
      proxy.up.stall();
      const controller = new AbortController();
      const { signal } = controller;
      const sent = near.notify(16, {}, new Uint8Array(32 * MEGABYTE), { signal });
      const outcome = expect(sent).rejects.toMatchObject({ code: 'aborted', cause: 'enough' });
      controller.abort('enough');
      await outcome;
    });
  });

  it('does not pile up beats', async () => {
    const times = { heartbeatMs: 2, detectionMs: 60_000 };
    const limits = { maxQueuedFrames: 1 };
    await withLink({ server: times, client: { ...times, limits } }, async ({ near, proxy }) => {
      proxy.up.stall();
      const bulk = new Uint8Array(32 * MEGABYTE);
      const sent = near.notify(16, {}, bulk, { timeoutMs: 60_000 });
      const waiting = ask(near, { timeoutMs: 60 }); // takes the one place in the queue
      await expect(waiting).rejects.toMatchObject({ code: 'timeout' });
      proxy.up.flow();
      await sent;
      expect((await ask(near)).header).toEqual({ a: 1 });
    });
  });
});

describe('a handler that never settles', () => {
  it('ends at its limit: the requester is told, others are answered', async () => {
    const handler: Handler = (message, connection) =>
      message.kind === 20 ? never(message, connection) : echo(message, connection);
    await withLink({ server: { handler, handlerTimeoutMs: 20 } }, async ({ near }) => {
      const stuck = expect(near.request(20, {})).rejects.toMatchObject({
        code: 'remote',
        remoteCode: 'timeout',
        retryable: true,
        remoteMessage: expect.stringMatching(
          /^handler of request 1 \(kind 20\): no end within 20 ms \(seen by shard 0 /,
        ),
      });
      expect((await ask(near)).header).toEqual({ a: 1 });
      await stuck;
      expect((await ask(near)).header).toEqual({ a: 1 });
    });
  });

  it('ends the connection on both sides where it was a notification', async () => {
    await withLink({ server: { handler: never, handlerTimeoutMs: 20 } }, async ({ near, far }) => {
      await near.notify(20, {});
      expect(await near.closed).toMatchObject({ code: 'remote', remoteCode: 'timeout' });
      expect(await far.closed).toMatchObject({ code: 'handler', cause: { code: 'timeout' } });
    });
  });

  it('does not stop reading for good: a peer that vanished meanwhile would never be missed', async () => {
    const server = { handler: never, handlerTimeoutMs: 30, limits: { maxHandledMessages: 2 } };
    await withLink({ server }, async ({ near, far }) => {
      const asked = Promise.allSettled([1, 2, 3].map(() => near.request(20, {})));
      expect(await far.closed).toMatchObject({
        code: 'overloaded',
        message: expect.stringMatching(/reading stopped at 2 messages that are being handled: no end within 30 ms/),
      });
      // Told by the server, or by its end: which of the two a handler's limit and the reading's, equally long, leave to chance.
      for (const { status } of await asked) expect(status).toBe('rejected');
      expect(await near.closed).toMatchObject({ code: 'lost' });
    });
  });
});
