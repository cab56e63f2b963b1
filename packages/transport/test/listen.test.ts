import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { connect } from '../src/connect.js';
import { decodeHello, encodeHello, HELLO_BYTES, HelloStatus } from '../src/hello.js';
import { listen } from '../src/listen.js';
import { client, echo, gate, pair, rawSocket, SHARD, server, TOKEN, WORKER } from './pair.js';

describe('listen', () => {
  it('takes a free port of this machine alone, and keeps its connections', async () => {
    const { server: listening, near, far } = await pair();
    expect(listening.host).toBe('127.0.0.1');
    expect(listening.port).toBeGreaterThan(0);
    expect([...listening.connections]).toEqual([far]);
    expect(far.peer).toEqual(WORKER);
    await near.close();
    expect(await far.closed).toMatchObject({ code: 'peer-closed' });
    expect(listening.connections.size).toBe(0);
  });

  it('names an address that is taken', async () => {
    const { port } = await server();
    await expect(listen({ port, identity: SHARD, token: TOKEN, handler: echo })).rejects.toMatchObject({
      code: 'address',
      message: expect.stringMatching(`^listen on 127.0.0.1:${port}: .*EADDRINUSE`),
    });
  });

  it('closes its connections, any number of times, and by its signal', async () => {
    const controller = new AbortController();
    const { server: listening, near } = await pair({ server: { signal: controller.signal } });
    controller.abort();
    expect(await near.closed).toMatchObject({ code: 'peer-closed' });
    await Promise.all([listening.close(), listening.close()]);
    await expect(connect({ host: '127.0.0.1', port: listening.port, identity: WORKER, token: TOKEN })).rejects.toThrow(
      /ECONNREFUSED/,
    );
    await expect(listen({ identity: SHARD, token: TOKEN, handler: echo, signal: AbortSignal.abort() })).rejects.toThrow(
      /^listen.*: aborted/,
    );
  });

  it('turns away a client that is slow to prove itself', async () => {
    const refused = gate<string>();
    const { port } = await server({ authenticationTimeoutMs: 20, onRefused: (error) => refused.open(error.code) });
    const socket = await rawSocket(port);
    socket.write(Uint8Array.of(0x57));
    socket.resume();
    await once(socket, 'close');
    expect(await refused.promise).toBe('timeout');
  });

  it('answers a version that it does not speak with its own', async () => {
    const { port } = await server();
    const socket = await rawSocket(port);
    const versions = { min: 2, max: 9 };
    socket.write(encodeHello({ side: 'client', status: 0, versions, identity: WORKER, nonce: new Uint8Array(32) }));
    const answer: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => answer.push(chunk));
    await once(socket, 'close');
    const bytes = Buffer.concat(answer);
    expect(bytes).toHaveLength(HELLO_BYTES);
    expect(decodeHello(bytes, 'server')).toMatchObject({ status: HelloStatus.version, versions: { min: 1, max: 1 } });
  });

  it('has a bounded number of places for those who have not proved themselves', async () => {
    const { port } = await server({ maxUnauthenticated: 2 });
    const waiting = [await rawSocket(port), await rawSocket(port)];
    await expect(connect({ host: '127.0.0.1', port, identity: WORKER, token: TOKEN })).rejects.toMatchObject({
      code: 'refused',
      retryable: true,
    });
    const left = once(waiting[0]!, 'close');
    waiting[0]!.resume().write(Buffer.alloc(HELLO_BYTES));
    await left; // the server turned it away: its place is free
    expect((await client(port)).peer).toEqual(SHARD);
  });

  it('refuses bad options', async () => {
    const o = { identity: SHARD, token: TOKEN, handler: echo };
    await expect(listen({ ...o, authenticationTimeoutMs: 0 })).rejects.toThrow(/^authenticationTimeoutMs: /);
    await expect(listen({ ...o, detectionMs: -1 })).rejects.toThrow(/^detectionMs: /);
    await expect(listen({ ...o, limits: { maxPayloadBytes: -1 } })).rejects.toThrow(/^limits.maxPayloadBytes: /);
  });
});
