import { once } from 'node:events';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AuthenticatedSocket } from '../src/authentication.js';
import { type DialOptions, dial } from '../src/dial.js';
import { type Door, type DoorOptions, openDoor } from '../src/door.js';
import type { TransportError } from '../src/errors.js';
import { decodeHello, encodeHello, HelloStatus } from '../src/hello.js';
import { secureClient } from '../src/tls-channel.js';
import { gate, rawSocket, SHARD, TOKEN, WORKER } from './pair.js';

type Watched = { door: Door; refused: Promise<TransportError>; entered: Promise<AuthenticatedSocket> };

/** A door, and the first that it lets in or turns away. */
async function watchedDoor(o: Partial<DoorOptions> = {}): Promise<Watched> {
  const refused = gate<TransportError>();
  const entered = gate<AuthenticatedSocket>();
  const door = await openDoor({
    identity: SHARD,
    token: TOKEN,
    onRefused: refused.open,
    ...o,
    onAuthenticated: (authenticated) => {
      onTestFinished(() => void authenticated.socket.destroy());
      entered.open(authenticated);
    },
  });
  onTestFinished(() => door.close());
  return { door, refused: refused.promise, entered: entered.promise };
}

const knock = (port: number, o: Partial<DialOptions> = {}) =>
  dial({ host: '127.0.0.1', port, identity: WORKER, token: TOKEN, ...o });

/** Sends bytes one by one until the socket is closed by the other side. */
async function drip(socket: Socket, bytes: Uint8Array): Promise<void> {
  let at = 0;
  const timer = setInterval(() => {
    if (at < bytes.length) socket.write(bytes.subarray(at, ++at));
  }, 2);
  // Not once(): an end by a reset is an end too.
  await new Promise(
    (resolve) =>
      void socket
        .resume()
        .on('error', () => {})
        .on('close', resolve),
  );
  clearInterval(timer);
}

const HELLO = encodeHello({
  side: 'client',
  status: 0,
  versions: { min: 1, max: 1 },
  identity: WORKER,
  nonce: new Uint8Array(32),
});

describe('under TLS', () => {
  it('lets in who knows the token, and hands over a socket under TLS', async () => {
    const { door, entered } = await watchedDoor({ tls: 'on' });
    const near = await knock(door.port, { tls: 'on' });
    onTestFinished(() => void near.socket.destroy());
    const far = await entered;
    expect([near.secure, far.secure]).toEqual([true, true]);
    expect([near.intake.straight, far.intake.straight]).toEqual([true, true]);
    expect([near.peer, far.peer]).toEqual([SHARD, WORKER]);
    expect([near.socket, far.socket].every((socket) => socket instanceof TLSSocket)).toBe(true);
    near.socket.write('frames');
    const came = gate<string>();
    far.intake.start({ write: (chunk) => came.open(Buffer.from(chunk).toString()) });
    expect(await came.promise).toBe('frames');
    await door.close(); // waits for nobody
  });

  it('turns away another token, and tells both sides', async () => {
    const { door, refused } = await watchedDoor({ tls: 'on' });
    await expect(knock(door.port, { tls: 'on', token: new Uint8Array(32) })).rejects.toMatchObject({
      code: 'authentication',
      message: expect.stringMatching(/^connect to .*\(is the token the same\?\) \(seen by worker 3 on /),
    });
    expect(await refused).toMatchObject({
      code: 'authentication',
      message: expect.stringMatching(/^handshake with 127/),
    });
  });

  it.each([
    [{ tls: 'on' }, { tls: 'off' }, /wants TLS/, /TLS expected, got 0x57 first/],
    [
      { tls: 'off' },
      { tls: 'on' },
      /a server that speaks TLS expected, got something else/,
      /without TLS expected, got TLS/,
    ],
  ] as const)('a side without TLS is told in one clear error: %o %o', async (server, client, near, far) => {
    const { door, refused } = await watchedDoor(server);
    await expect(knock(door.port, client)).rejects.toMatchObject({
      code: 'authentication',
      retryable: false,
      message: expect.stringMatching(near),
    });
    expect(await refused).toMatchObject({ code: 'authentication', message: expect.stringMatching(far) });
  });

  it('tells a client without TLS by a hello that any version can read', async () => {
    const { door } = await watchedDoor({ tls: 'on' });
    const socket = await rawSocket(door.port);
    socket.write('GET / HTTP/1.1\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(decodeHello(answer, 'server').status).toBe(HelloStatus.tls);
    await once(socket, 'close');
  });
});

describe('a client that sends a byte now and then', () => {
  it.each(['off', 'on'] as const)('has as long as any other: TLS %s', async (tls) => {
    const { door, refused } = await watchedDoor({ tls, authenticationTimeoutMs: 60 });
    // The first record of a TLS client is longer than what comes in that time.
    await drip(
      await rawSocket(door.port),
      tls === 'off' ? HELLO : Buffer.concat([Buffer.from([22, 3, 1, 1, 0]), HELLO]),
    );
    expect(await refused).toMatchObject({ code: 'timeout', message: expect.stringMatching(/^handshake with /) });
  });

  it('has no longer within TLS, of which it has the key', async () => {
    const { door, refused } = await watchedDoor({ tls: 'on', authenticationTimeoutMs: 1000 });
    const socket = await rawSocket(door.port);
    const secured = gate<Socket>();
    secureClient({ socket, token: TOKEN, onSecure: secured.open, onFailed: () => {} });
    await drip(await secured.promise, HELLO);
    expect(await refused).toMatchObject({ code: 'timeout' });
  });
});

describe('places', () => {
  it('of members are not taken by strangers, and no more than there are', async () => {
    const { door, refused, entered } = await watchedDoor({ maxConnections: 1, maxUnauthenticated: 1 });
    const first = await knock(door.port);
    await expect(knock(door.port)).rejects.toMatchObject({ code: 'refused', retryable: true });
    expect(await refused).toMatchObject({ code: 'refused', message: expect.stringMatching(/maxConnections/) });
    const { socket, intake } = await entered;
    intake.start({ write: () => {} });
    first.socket.destroy();
    await once(socket, 'close');
    (await knock(door.port)).socket.destroy();
  });

  it('refuses nonsense', async () => {
    await expect(watchedDoor({ maxConnections: 0 })).rejects.toThrow(/^maxConnections: /);
    await expect(watchedDoor({ maxUnauthenticated: 0.5 })).rejects.toThrow(/^maxUnauthenticated: /);
    await expect(watchedDoor({ tls: 'no' as 'off' })).rejects.toThrow(/^tls: /);
  });
});
