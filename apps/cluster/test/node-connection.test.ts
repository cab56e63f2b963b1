import { PassThrough } from 'node:stream';
import { listen } from '@weft/transport';
import { describe, expect, it } from 'vitest';
import type { NodeStart } from '../src/control-messages.js';
import { connectToCoordinator, placesFor, readStartLine } from '../src/node-connection.js';

const once = (stream: PassThrough, event: string) => new Promise((resolve) => stream.once(event, resolve));

describe('readStartLine', () => {
  it('gives the first line, in however many pieces it comes', async () => {
    const stream = new PassThrough();
    const line = readStartLine(stream, () => {});
    for (const byte of Buffer.from('{"a":"ü"}\nmore\n')) stream.write(Buffer.of(byte));
    expect(await line).toBe('{"a":"ü"}');
  });

  it('tells the end once, also when it comes after the line', async () => {
    const stream = new PassThrough();
    let ends = 0;
    const line = readStartLine(stream, () => ends++);
    stream.write('line\n');
    expect(await line).toBe('line');
    expect(ends).toBe(0);
    const closed = once(stream, 'close');
    stream.end();
    await closed;
    expect(ends).toBe(1);
  });

  it('rejects when the stream ends before the line', async () => {
    const stream = new PassThrough();
    let ends = 0;
    const line = readStartLine(stream, () => ends++);
    stream.end('half');
    await expect(line).rejects.toThrow('standard input: one line of JSON expected, got its end');
    expect(ends).toBe(1);
  });

  it('takes a broken stream for its end', async () => {
    const stream = new PassThrough();
    let ends = 0;
    const line = readStartLine(stream, () => ends++);
    stream.write('line\n');
    await line;
    const closed = once(stream, 'close');
    stream.destroy(new Error('EIO'));
    await closed;
    expect(ends).toBe(1);
  });
});

describe('connectToCoordinator', () => {
  it('is known there as the node that was started', async () => {
    const token = Buffer.alloc(32, 7);
    const server = await listen({
      identity: { role: 'coordinator', rank: 0, run: 'r' },
      token,
      handler: ({ peer }) => ({ header: { peer: `${peer.role} ${peer.rank}` } }),
    });
    const { host, port } = server;
    const listenAt = { host, port: 0 };
    const start: NodeStart = {
      role: 'shard',
      rank: 2,
      run: 'r',
      token: token.toString('hex'),
      insecure: false,
      host,
      port,
      listen: listenAt,
    };
    const connection = await connectToCoordinator(start, () => undefined);
    expect((await connection.request(40, {})).header).toEqual({ peer: 'shard 2' });
    const wrong = { ...start, token: 'ab'.repeat(32) };
    await expect(connectToCoordinator(wrong, () => undefined)).rejects.toMatchObject({ code: 'authentication' });
    await connection.close();
    await server.close();
  });
});

describe('placesFor', () => {
  it('has room for all members at once', () => {
    expect(placesFor(100).maxUnauthenticated).toBeGreaterThanOrEqual(100);
    expect(placesFor(100).maxConnections).toBeGreaterThanOrEqual(placesFor(100).maxUnauthenticated);
  });
});
