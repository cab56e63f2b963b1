import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../src/connect.js';
import { encodeFrame, frameBytes } from '../src/frame-encoder.js';
import { client, gate, rawServer, SHARD, server, TOKEN, WORKER } from './pair.js';

const options = { host: '127.0.0.1', identity: WORKER, token: TOKEN };

/** A server that accepts and says nothing. */
async function mute(): Promise<number> {
  const listening = createServer((socket) => {
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  onTestFinished(() => void listening.close());
  return (listening.address() as AddressInfo).port;
}

describe('connect', () => {
  it('knows who the server is', async () => {
    const { port } = await server();
    const connection = await client(port);
    expect(connection.peer).toEqual(SHARD);
    expect(connection.address).toBe(`127.0.0.1:${port}`);
  });

  it('takes a host name', async () => {
    const { port } = await server();
    expect((await client(port, { host: 'localhost' })).peer).toEqual(SHARD);
  });

  it('names the address where nobody listens', async () => {
    const listening = await server();
    await listening.close();
    await expect(connect({ ...options, port: listening.port })).rejects.toMatchObject({
      code: 'unreachable',
      retryable: true,
      message: expect.stringMatching(`^connect to 127.0.0.1:${listening.port}: .*ECONNREFUSED`),
    });
  });

  it.each([
    ['authentication', { token: new Uint8Array(32) }],
    ['run', { identity: { ...WORKER, run: 'r2' } }],
  ])('ends in one clear error: %s', async (code, o) => {
    const refused = gate<string>();
    const { port } = await server({ onRefused: (error) => refused.open(error.code) });
    await expect(connect({ ...options, ...o, port })).rejects.toMatchObject({ code, retryable: false });
    expect(await refused.promise).toBe(code);
  });

  it('waits no longer than it is told, for a server that says nothing', async () => {
    const port = await mute();
    await expect(connect({ ...options, port, timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' });
    const controller = new AbortController();
    const connecting = connect({ ...options, port, signal: controller.signal });
    controller.abort();
    await expect(connecting).rejects.toMatchObject({ code: 'aborted' });
  });

  it('says so when the server hangs up in the handshake', async () => {
    const listening = createServer((socket) => socket.end());
    listening.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    onTestFinished(() => void listening.close());
    const { port } = listening.address() as AddressInfo;
    await expect(connect({ ...options, port })).rejects.toMatchObject({ code: 'lost' });
  });

  it('refuses bad options before it connects', async () => {
    await expect(connect({ ...options, port: 1, token: new Uint8Array(3) })).rejects.toThrow(/^token: /);
    await expect(connect({ ...options, port: 1, timeoutMs: 0 })).rejects.toThrow(/^timeoutMs: /);
    await expect(connect({ ...options, port: 1, identity: { ...WORKER, role: '' } })).rejects.toThrow(/^identity.role/);
    const { port } = await server();
    await expect(connect({ ...options, port, heartbeatMs: 0 })).rejects.toThrow(/heartbeatMs: /);
  });

  it('handles what the server sends along with the handshake’s end', async () => {
    const { port, socket } = await rawServer();
    const came = gate<number>();
    const connecting = client(port, {
      handler: ({ kind }) => {
        came.open(kind);
        return undefined;
      },
    });
    (await socket).write(frameBytes(encodeFrame({ kind: 21 })));
    await connecting;
    expect(await came.promise).toBe(21);
  });
});
