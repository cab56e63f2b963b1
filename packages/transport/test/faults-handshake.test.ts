import { describe, expect, it } from 'vitest';
import type { TransportError } from '../src/errors.js';
import { ask, HANDSHAKE_BYTES, QUIET, through, turns, withLink, withProxy } from './fault-link.js';
import { gate, WORKER } from './pair.js';

/** Offsets in each side's handshake: a hello of 144 bytes, then a proof of 40. */
const offsets = [1, 143, 144, 160].flatMap((at) => [
  { way: 'up' as const, at },
  { way: 'down' as const, at },
]);
/** Of what a client has read of the server: nothing comes down before the server has the whole hello. */
const received = (way: 'up' | 'down', at: number) => (way === 'down' ? at : at < 144 ? 0 : 144);

describe.each(offsets)('after $at bytes of the handshake, $way', ({ way, at }) => {
  it.each(['reset', 'end'] as const)('a %s ends both sides by one clear error', async (fault) => {
    const refused = gate<TransportError>();
    await withProxy({ onRefused: refused.open }, async (proxy, server) => {
      proxy[way].after(at, fault);
      await expect(through(proxy)).rejects.toMatchObject({
        code: 'lost',
        retryable: true,
        self: expect.stringMatching(/^worker 3 on ./),
        peer: `127.0.0.1:${proxy.port}`,
        operation: 'connect',
        message: expect.stringMatching(
          /^connect: \d+ of 184 bytes had come from 127.0.0.1:\d+, then: .* \(seen by worker 3 /,
        ),
      });
      // The server's side of it: nothing may be taken for authenticated, unless all that it needs had come.
      if (way === 'up' || at < 144) {
        expect(await refused.promise).toMatchObject({
          code: 'lost',
          operation: expect.stringMatching(/^handshake with 127/),
        });
        expect(server.connections.size).toBe(0);
      }
    });
  });

  it.each(['stall', 'swallow'] as const)('a %s ends at the client’s time limit', async (fault) => {
    await withProxy({}, async (proxy) => {
      proxy[way].after(at, fault);
      await expect(through(proxy, { timeoutMs: 10 })).rejects.toMatchObject({
        code: 'timeout',
        retryable: true,
        message: expect.stringMatching(/^connect.* within 10 ms \(seen by worker 3 on /),
      });
    });
  });

  it('a signal ends it', async () => {
    await withProxy({}, async (proxy) => {
      const controller = new AbortController();
      proxy[way].after(at, 'stall');
      const connecting = expect(through(proxy, { signal: controller.signal })).rejects.toMatchObject({
        code: 'aborted',
        retryable: false,
        cause: 'enough',
        receivedBytes: received(way, at),
        expectedBytes: HANDSHAKE_BYTES,
      });
      await proxy[way].forwarded(at);
      await turns(5);
      controller.abort('enough');
      await connecting;
    });
  });
});

describe.each([1, 143, 144, 160])('after %s bytes of the client’s handshake', (at) => {
  it.each(['stall', 'swallow'] as const)('a %s ends at the server’s time limit', async (fault) => {
    const refused = gate<TransportError>();
    await withProxy({ onRefused: refused.open, authenticationTimeoutMs: 40 }, async (proxy, server) => {
      proxy.up.after(at, fault);
      await expect(through(proxy)).rejects.toMatchObject({ code: 'lost' });
      expect(await refused.promise).toMatchObject({
        code: 'timeout',
        self: expect.stringMatching(/^shard 0 on ./),
        expectedBytes: HANDSHAKE_BYTES,
        message: expect.stringMatching(/^handshake with 127.0.0.1:\d+: \d+ of 184 bytes had come within 40 ms/),
      });
      expect(server.connections.size).toBe(0);
    });
  });
});

describe('a changed byte', () => {
  it.each([
    ['hello, magic', 0, 'authentication', 'authentication'],
    ['hello, versions', 5, 'authentication', 'authentication'],
    ['hello, rank', 8, 'authentication', 'authentication'],
    ['hello, run', 48, 'run', 'run'],
    ['hello, nonce', 120, 'authentication', 'authentication'],
    ['proof, magic', 144, 'authentication', 'lost'],
    ['proof, mac', 170, 'authentication', 'authentication'],
  ])('in the client’s %s lets nobody in', async (_, at, code, told) => {
    const refused = gate<TransportError>();
    await withProxy({ onRefused: refused.open }, async (proxy, server) => {
      proxy.up.corrupt(at);
      await expect(through(proxy)).rejects.toMatchObject({ code: told, operation: 'connect' });
      expect(await refused.promise).toMatchObject({ code });
      expect(server.connections.size).toBe(0);
    });
  });

  it.each([
    ['hello, magic', 0, 'authentication'],
    ['hello, versions', 5, 'authentication'],
    ['hello, status', 7, 'authentication'],
    ['hello, rank', 8, 'authentication'],
    ['hello, run', 48, 'run'],
    ['proof, mac', 170, 'authentication'],
  ])('in the server’s %s is not believed', async (_, at, code) => {
    await withProxy({}, async (proxy) => {
      proxy.down.corrupt(at);
      await expect(through(proxy)).rejects.toMatchObject({ code, retryable: false, operation: 'connect' });
    });
  });
});

describe('what is half open', () => {
  it('does not keep others out: the same client connects again', async () => {
    await withProxy({}, async (proxy) => {
      proxy.up.after(160, 'stall');
      const controller = new AbortController();
      const first = expect(through(proxy, { signal: controller.signal })).rejects.toMatchObject({ code: 'aborted' });
      await proxy.up.forwarded(160);
      controller.abort();
      await first;
      proxy.up.flow();
      const second = await through(proxy);
      expect((await ask(second)).header).toEqual({ a: 1 });
      await second.close();
    });
  });

  it('is let go when the server closes', async () => {
    await withProxy({}, async (proxy, server) => {
      proxy.up.after(160, 'stall');
      const connecting = expect(through(proxy)).rejects.toMatchObject({ code: 'lost' });
      await proxy.up.forwarded(160);
      await turns();
      await server.close();
      await connecting;
    });
  });

  it('is noticed by a client whose last word was lost: the server never hears it', async () => {
    await withLink({ client: { ...QUIET, heartbeatMs: 10, detectionMs: 60 } }, async ({ near, proxy }) => {
      proxy.down.swallow();
      expect(await near.closed).toMatchObject({ code: 'silent', peer: `shard 0 at 127.0.0.1:${proxy.port}` });
      expect(near.peer).not.toEqual(WORKER);
    });
  });
});

it('leaves nothing behind where an option turns out to be wrong after it', async () => {
  await withProxy({}, async (proxy) => {
    for (const name of ['heartbeatMs', 'detectionMs', 'handlerTimeoutMs']) {
      await expect(through(proxy, { [name]: 0 })).rejects.toMatchObject({
        code: 'configuration',
        message: expect.stringContaining(`${name}: 1 to 2147483647 ms expected, got 0`),
      });
    }
  });
});

it('is not begun where the signal has been given already', async () => {
  await withProxy({}, async (proxy) => {
    await expect(through(proxy, { signal: AbortSignal.abort('enough') })).rejects.toMatchObject({
      code: 'aborted',
      operation: 'connect',
      cause: 'enough',
    });
    expect(proxy.connections).toBe(0);
  });
});
