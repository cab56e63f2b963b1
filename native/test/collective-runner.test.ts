import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type CollectiveJob, CollectiveRunner, ENCODING_CODES, RECEIVE_FLAGS } from '../lib/collective-runner.js';
import { crc32c } from '../lib/kernels.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const fdOf = (socket: Socket): number => (socket as unknown as { _handle: { fd: number } })._handle.fd;

/** Two ends of a connection, neither of which Node reads. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }).pause();
  const [far] = (await once(server, 'connection')) as [Socket];
  closing.push(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return [near, far];
}

/** Runners of two ranks that exchange all they have, and reduce. */
async function runners(
  o: { spins: number; rest?: Uint8Array } = { spins: 0 },
): Promise<[CollectiveRunner, CollectiveRunner]> {
  const [a, b] = await pair();
  const of = (socket: Socket) => ({
    receive: [fdOf(socket)],
    send: [fdOf(socket)],
    rests: [o.rest ?? new Uint8Array(0)],
    spins: o.spins,
  });
  const both: [CollectiveRunner, CollectiveRunner] = [new CollectiveRunner(of(a)), new CollectiveRunner(of(b))];
  closing.push(() => both.forEach((runner) => void runner.close()));
  return both;
}

const exchange = (vector: Float32Array, o: Partial<CollectiveJob> = {}): CollectiveJob => ({
  vector,
  sends: Float64Array.of(0, 0, vector.length, -1, ENCODING_CODES.keep, 0),
  receives: Float64Array.of(0, 0, vector.length, 0, RECEIVE_FLAGS.reduce | RECEIVE_FLAGS.scale, 0),
  head: new Uint8Array(48),
  wire: 'float32',
  op: 'sum',
  factor: 0.5,
  crc: true,
  timeoutMs: 10_000,
  ...o,
});

describe('CollectiveRunner', () => {
  it.each(['float32', 'fp16', 'bf16', 'int8'] as const)('exchanges and reduces over a wire of %s', async (wire) => {
    for (const spins of [0, 2000]) {
      const both = await runners({ spins });
      const vectors = both.map((_, rank) => new Float32Array(10_000).fill(rank + 1));
      const outcomes = await Promise.all(both.map((runner, i) => runner.run(exchange(vectors[i]!, { wire }))));
      expect(outcomes).toEqual(Array(2).fill({ failure: 'none' }));
      for (const vector of vectors) expect(vector.every((x) => Math.abs(x - 1.5) < 1e-6)).toBe(true);
    }
  });

  it('takes a maximum whose operands may change places', async () => {
    const both = await runners();
    const vectors = [Float32Array.of(0, -0, Number.NaN, 1, 3), Float32Array.of(-0, 0, 1, Number.NaN, 2)];
    await Promise.all(both.map((runner, i) => runner.run(exchange(vectors[i]!, { op: 'max', factor: 1 }))));
    for (const vector of vectors) expect([...vector]).toEqual([0, 0, Number.NaN, Number.NaN, 3]);
  });

  it('begins with what had been read before', async () => {
    const [socket, far] = await pair();
    const head = Buffer.alloc(48);
    head.writeBigUInt64LE(8n, 16);
    head.writeUInt32LE(crc32c(head.subarray(0, 36)), 36);
    const payload = new Uint8Array(Float32Array.of(10, 20).buffer);
    const frame = Buffer.concat([head, payload, Buffer.alloc(8)]);
    frame.writeUInt32LE(crc32c(frame.subarray(40, 56)), 56);
    const runner = new CollectiveRunner({
      receive: [fdOf(socket)],
      send: [fdOf(socket)],
      rests: [frame.subarray(0, 50)],
      spins: 0,
    });
    closing.push(() => runner.close());
    far.write(frame.subarray(50));
    const vector = Float32Array.of(1, 2);
    expect(await runner.run(exchange(vector, { factor: 1 }))).toEqual({ failure: 'none' });
    expect([...vector]).toEqual([11, 22]);
  });

  it('keeps to its time limit, and is closed then', async () => {
    const [runner] = await runners();
    const first = await runner.run(exchange(new Float32Array(4), { timeoutMs: 20 }));
    expect(first).toMatchObject({
      failure: 'timeout',
      receiving: true,
      channel: 0,
      transfer: 0,
      bytes: 0,
      expectedBytes: 16,
    });
    expect(await runner.run(exchange(new Float32Array(4)))).toMatchObject({ failure: 'lost' });
  });

  it('ends by abort, once and for all, and takes one job at a time', async () => {
    const [runner] = await runners();
    const running = runner.run(exchange(new Float32Array(4)));
    await expect(runner.run(exchange(new Float32Array(4)))).rejects.toMatchObject({ code: 'busy' });
    expect(() => runner.close()).toThrow('no running job expected');
    runner.abort();
    expect(await running).toMatchObject({ failure: 'aborted' });
    runner.close();
    runner.close();
    await expect(runner.run(exchange(new Float32Array(4)))).rejects.toMatchObject({ code: 'disposed' });
  });

  it.each([
    [{ sends: Float64Array.of(0, 0, 5, -1, 0, 0) }, 'range'],
    [{ sends: Float64Array.of(1, 0, 4, -1, 0, 0) }, 'channel'],
    [{ sends: Float64Array.of(0, 3, 2, -1, 0, 0) }, 'range'],
    [{ sends: Float64Array.of(0, 0, 4, 1, 0, 0) }, 'after a receive'],
    [{ receives: Float64Array.of(0, 0, 4, 1, 0, 0) }, 'after a send'],
    [{ head: new Uint8Array(39) }, 'prefix'],
  ])('refuses %j before it touches memory', async (o, message) => {
    const [runner] = await runners();
    await expect(runner.run(exchange(new Float32Array(4), o))).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining(message),
    });
  });

  it('refuses descriptors that are none', () => {
    expect(() => new CollectiveRunner({ receive: [-1], send: [], rests: [new Uint8Array(0)], spins: 0 })).toThrow();
  });
});
