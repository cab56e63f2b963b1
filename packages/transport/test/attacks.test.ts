import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AuthenticatedSocket } from '../src/authentication.js';
import { connect } from '../src/connect.js';
import { dial } from '../src/dial.js';
import { openDoor } from '../src/door.js';
import type { TransportError } from '../src/errors.js';
import { encodeFrame, frameBytes } from '../src/frame-encoder.js';
import { Handshake } from '../src/handshake.js';
import { HELLO_BYTES, PROOF_BYTES } from '../src/hello.js';
import { padded } from '../src/prefix.js';
import { secureClient, secureServer, serverContext } from '../src/tls-channel.js';
import { authenticate, client, gate, pair, rawSocket, SHARD, server, TOKEN, WORKER } from './pair.js';

const at = (port: number) => ({ host: '127.0.0.1', port, identity: WORKER, token: TOKEN });

/** Someone in the middle: every connection to it goes on to the port, by way of what is given. */
async function between(port: number, way: (near: Socket, far: Socket) => void): Promise<number> {
  const listening = createServer((near) => {
    const far = connectSocket({ host: '127.0.0.1', port });
    for (const socket of [near, far]) {
      socket.on('error', () => {});
      onTestFinished(() => void socket.destroy());
    }
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    way(near, far);
  });
  await once(listening.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void listening.close());
  return (listening.address() as AddressInfo).port;
}

const refusedBy = () => {
  const refused = gate<TransportError>();
  return { onRefused: refused.open, refused: refused.promise };
};

describe('a recorded handshake', () => {
  it('opens nothing when it is played again', async () => {
    const { onRefused, refused } = refusedBy();
    const { port } = await server({ onRefused });
    const recorded: Buffer[] = [];
    const ear = await between(port, (near, far) => {
      near.on('data', (chunk: Buffer) => recorded.push(chunk)).pipe(far);
      far.pipe(near);
    });
    await (await client(ear)).close();
    const played = Buffer.concat(recorded);
    expect(played.length).toBeGreaterThanOrEqual(HELLO_BYTES + PROOF_BYTES);
    const socket = await rawSocket(port);
    socket.resume().write(played);
    await once(socket, 'close');
    expect(await refused).toMatchObject({
      code: 'authentication',
      message: expect.stringMatching(/is the token the same/),
    });
  });
});

describe('reflection', () => {
  it('of a client’s own bytes proves nothing to it', async () => {
    const echoing = createServer((socket) => void socket.on('error', () => {}).pipe(socket));
    await once(echoing.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void echoing.close());
    const { port } = echoing.address() as AddressInfo;
    await expect(connect(at(port))).rejects.toMatchObject({ code: 'authentication' });
    await expect(connect({ ...at(port), tls: 'on' })).rejects.toMatchObject({ code: 'authentication' });
  });

  it('to another member, or to itself, is told by whom the client expects', async () => {
    const { port } = await server({ identity: WORKER });
    await expect(connect({ ...at(port), expect: { role: 'shard', rank: 0 } })).rejects.toThrow(
      /shard 0 expected, got worker 3 \(seen by worker 3 on /,
    );
    expect((await client(port, { expect: { rank: 3 } })).peer).toEqual(WORKER);
  });
});

describe('someone in the middle', () => {
  it('who takes TLS away is noticed by both sides', async () => {
    const { onRefused, refused } = refusedBy();
    const { port } = await server({ tls: 'on', onRefused });
    // Answers the client without TLS, and asks the server so.
    const stripping = await between(port, (near, far) => {
      far.pipe(near);
      near.once('data', () => far.write(new Uint8Array(HELLO_BYTES).fill(0x57)));
    });
    await expect(connect({ ...at(stripping), tls: 'on' })).rejects.toMatchObject({ code: 'authentication' });
    expect(await refused).toMatchObject({ code: 'authentication', message: expect.stringMatching(/TLS expected/) });
  });

  it('who has the key of TLS but passes proofs on is noticed: they hold on one channel only', async () => {
    const { onRefused, refused } = refusedBy();
    const { port } = await server({ tls: 'on', onRefused });
    const bridging = await between(port, (near, far) => {
      const context = serverContext();
      const onFailed = () => {};
      far.on('connect', () =>
        secureClient({
          socket: far,
          token: TOKEN,
          onFailed,
          onSecure: (outside) =>
            secureServer({
              socket: near,
              token: TOKEN,
              context,
              onFailed,
              onSecure: (inside) => void inside.pipe(outside).pipe(inside),
            }),
        }),
      );
    });
    await expect(connect({ ...at(bridging), tls: 'on' })).rejects.toMatchObject({ code: 'authentication' });
    expect(await refused).toMatchObject({ code: 'authentication' });
  });

  it.each([
    ['the versions', 5, 1],
    ['who the client is', 8, 77],
  ])('who changes %s is noticed', async (_what, byte, value) => {
    const { onRefused, refused } = refusedBy();
    const { port } = await server({ onRefused });
    const changing = await between(port, (near, far) => {
      far.pipe(near);
      near.on('data', (chunk: Buffer) => {
        if (chunk.length === HELLO_BYTES) chunk[byte] = value;
        far.write(chunk);
      });
    });
    const socket = await rawSocket(changing);
    const versions = { min: 1, max: 3 };
    const send = (bytes: Uint8Array) => void socket.write(bytes);
    const handshake = new Handshake({ side: 'client', identity: WORKER, token: TOKEN, versions, send });
    const failed = gate<unknown>();
    socket.on('data', (chunk: Buffer) => {
      try {
        handshake.write(chunk);
      } catch (error) {
        failed.open(error);
      }
    });
    expect(await failed.promise).toMatchObject({ code: 'authentication' });
    expect(await refused).toMatchObject({ code: 'authentication' });
  });
});

describe('a wrong token', () => {
  it.each(['off', 'on'] as const)('lets nobody in, with TLS %s', async (tls) => {
    const { onRefused, refused } = refusedBy();
    const { port } = await server({ tls, onRefused });
    const wrong = connect({ ...at(port), tls, token: randomBytes(32) });
    await expect(wrong).rejects.toMatchObject({ code: 'authentication', retryable: false });
    expect(await refused).toMatchObject({ code: 'authentication' });
  });
});

describe('a length above its limit', () => {
  it.each([
    ['headerBytes', { maxHeaderBytes: 1000 }],
    ['payloadBytes', { maxPayloadBytes: 1000 }],
  ])('%s ends the connection before anything is allocated for it', async (field, limits) => {
    const ended = gate<TransportError | undefined>();
    const { port } = await server({
      limits,
      pool: { acquire: () => expect.unreachable('a place'), release: () => {} },
      onConnection: (connection) => void connection.closed.then(ended.open),
    });
    const socket = await rawSocket(port);
    await authenticate(socket, 'client');
    const frame =
      field === 'headerBytes'
        ? encodeFrame({ kind: 16, header: { text: 'x'.repeat(2000) } })
        : encodeFrame({ kind: 16, payload: new Uint8Array(padded(1001)) });
    socket.resume().write(frameBytes(frame));
    await once(socket, 'close');
    expect(await ended.promise).toMatchObject({
      code: 'limit',
      message: expect.stringMatching(`${field} at most 1000 expected`),
    });
  });
});

describe('under TLS', () => {
  it('frames go both ways, whole, and without a checksum of their own', async () => {
    const { near, far } = await pair({
      server: { tls: 'on' },
      client: { tls: 'on', handler: ({ payload }) => ({ sendView: payload }) },
    });
    for (const from of [near, far]) {
      for (const length of [0, 1, 16_384, 3 * 1024 ** 2 + 5]) {
        const payload = Uint8Array.from({ length }, (_, i) => i * 31);
        const into = new Uint8Array(length);
        const reply = await from.request(16, {}, { sendView: payload, receiveInto: into });
        expect(Buffer.compare(reply.payload, payload)).toBe(0);
      }
    }
    await near.close();
    expect(await far.closed).toMatchObject({ code: 'peer-closed' });
  });

  it('reading stops while too much is being handled, and loses nothing', async () => {
    let open = 0;
    let most = 0;
    const { near } = await pair({
      client: { tls: 'on' },
      server: {
        tls: 'on',
        limits: { maxHandledMessages: 2 },
        handler: async ({ header }) => {
          most = Math.max(most, ++open);
          await new Promise((resolve) => setImmediate(resolve));
          open--;
          return { header };
        },
      },
    });
    const asked = Array.from({ length: 500 }, (_, i) => near.request(16, { i }));
    expect((await Promise.all(asked)).map(({ header }) => header['i'])).toEqual(asked.map((_, i) => i));
    // What came in the same read is handled too, or kept: one read of 64 KiB at the most.
    expect(most).toBeLessThan(500);
  });

  it('what goes over the wire cannot be read there', async () => {
    const entered = gate<AuthenticatedSocket>();
    const door = await openDoor({ identity: SHARD, token: TOKEN, tls: 'on', onAuthenticated: entered.open });
    onTestFinished(() => door.close());
    const seen: Buffer[] = [];
    const ear = await between(door.port, (near, far) => {
      near.on('data', (chunk: Buffer) => seen.push(chunk)).pipe(far);
      far.on('data', (chunk: Buffer) => seen.push(chunk)).pipe(near);
    });
    const near = await dial({ ...at(ear), tls: 'on' });
    const far = await entered.promise;
    onTestFinished(() => void near.socket.destroy());
    onTestFinished(() => void far.socket.destroy());
    near.socket.write('a secret of some length');
    const came = gate();
    far.intake.start({ write: () => came.open() });
    await came.promise;
    const wire = Buffer.concat(seen);
    for (const word of ['secret', 'WEFH', 'worker', 'shard', TOKEN]) expect(wire.includes(word)).toBe(false);
  });
});
