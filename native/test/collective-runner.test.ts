import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
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

/** A frame of a job of `exchange`, without a checksum. */
function frameOf(payload: Uint8Array, head: Uint8Array = new Uint8Array(48)): Buffer {
  const frame = Buffer.concat([head, payload]);
  frame.writeBigUInt64LE(BigInt(payload.length), 16);
  frame.writeUInt32LE(crc32c(frame.subarray(0, 36)), 36);
  return frame;
}

const bytesOf = (x: Float32Array) => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);

/** A runner over `count` connections, and their other ends. */
async function runnerOf(count: number): Promise<{ runner: CollectiveRunner; far: Socket[] }> {
  const pairs = await Promise.all(Array.from({ length: count }, () => pair()));
  const fds = pairs.map(([near]) => fdOf(near));
  const runner = new CollectiveRunner({ receive: fds, send: fds, rests: fds.map(() => new Uint8Array(0)), spins: 0 });
  closing.push(() => runner.close());
  for (const [near] of pairs) near.destroy();
  return { runner, far: pairs.map(([, end]) => end) };
}

/** Resolves when the kernel has these bytes. */
const written = (socket: Socket, bytes: Uint8Array) =>
  new Promise<void>((resolve) => socket.write(bytes, () => resolve()));

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

  it('refuses descriptors that are none, and leaves none open', async () => {
    const [near] = await pair();
    const count = () => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let i = 0; i < 20; i++) {
      const receive = [fdOf(near), fdOf(near), -1];
      expect(() => new CollectiveRunner({ receive, send: [], rests: [], spins: 0 })).toThrow('descriptor');
    }
    expect(count()).toBeLessThanOrEqual(before); // runners of other tests may be closing
  });

  it.each([
    [{ sends: Float64Array.of(0, 0, 4, Number.NaN, 0, 0) }, 'after'],
    [{ sends: Float64Array.of(0, 0, 4, -1, Number.NaN, 0) }, 'code'],
    [{ sends: Float64Array.of(0, 0, 4, -1, 4, 0) }, 'code'],
    [{ sends: Float64Array.of(Number.NaN, 0, 4, -1, 0, 0) }, 'channel'],
    [{ receives: Float64Array.of(0, 0, Number.NaN, -1, 0, 0) }, 'range'],
    [{ receives: Float64Array.of(0, 0, 4, -1, 8, 0) }, 'code'],
    [{ timeoutMs: Number.POSITIVE_INFINITY }, 'timeoutMs'],
    [{ wire: 'int4' as 'int8' }, 'code'],
  ])('refuses numbers that are none of a job: %j', async (o, message) => {
    const [runner] = await runners();
    await expect(runner.run(exchange(new Float32Array(4), o))).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining(message),
    });
  });

  it('refuses a vector whose memory was given away', async () => {
    const [runner] = await runners();
    const job = exchange(new Float32Array(4));
    structuredClone(job.vector, { transfer: [job.vector.buffer as ArrayBuffer] });
    await expect(runner.run(job)).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('range'),
    });
  });

  it('does nothing after an abort, even where all has come', async () => {
    const { runner, far } = await runnerOf(1);
    await written(far[0]!, frameOf(bytesOf(Float32Array.of(1, 2, 3, 4))));
    runner.abort();
    expect(await runner.run(exchange(new Float32Array(4), { crc: false }))).toMatchObject({ failure: 'aborted' });
  });

  it('tells the first failure, not what follows from it', async () => {
    const { runner, far } = await runnerOf(2);
    await written(far[0]!, frameOf(new Uint8Array(16), new Uint8Array(48).fill(1)));
    far[1]!.destroy();
    await once(far[1]!, 'close');
    const receives = Float64Array.of(0, 0, 4, -1, 0, 0, 1, 0, 4, -1, 0, 0);
    const job = exchange(new Float32Array(4), { sends: new Float64Array(0), receives, crc: false });
    expect(await runner.run(job)).toMatchObject({ failure: 'head', channel: 0 });
  });

  it('keeps apart what begins at the same element, on a narrow wire', async () => {
    const { runner, far } = await runnerOf(2);
    const narrow = (n: number, value: number) => new Uint8Array(Uint16Array.from({ length: n }, () => value).buffer);
    const long = frameOf(narrow(20, 0x4000)); // 2 as fp16
    await written(far[0]!, long.subarray(0, 70));
    await written(far[1]!, frameOf(narrow(10, 0x3c00)));
    const vector = new Float32Array(20);
    const running = runner.run(
      exchange(vector, {
        wire: 'fp16',
        crc: false,
        receives: Float64Array.of(0, 0, 20, -1, 0, 0, 1, 0, 10, -1, 0, 0),
        sends: Float64Array.of(1, 0, 0, 1, ENCODING_CODES.plain, 0),
      }),
    );
    await once(far[1]!.resume(), 'data'); // the short one is in its place
    far[0]!.write(long.subarray(70));
    expect(await running).toEqual({ failure: 'none' });
    expect([...vector]).toEqual(Array(20).fill(2));
  });

  it.each(['float32', 'fp16', 'int8'] as const)(
    'writes nothing beside its vector, whatever comes: %s',
    async (wire) => {
      let seed = 7;
      const random = (below: number) => {
        seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((seed / 2 ** 32) * below);
      };
      for (let round = 0; round < 60; round++) {
        const { runner, far } = await runnerOf(1);
        const memory = new Float32Array(300).fill(-1);
        const vector = memory.subarray(100, 200);
        const payload = { float32: 400, fp16: 200, int8: 104 }[wire];
        const bytes = frameOf(new Uint8Array(payload).map(() => random(256)));
        // None, one or some bytes of the head or of anything changed, some left out, some more behind.
        for (let i = random(3); i > 0; i--) bytes[random(random(2) === 0 ? 48 : bytes.length)] = random(256);
        const came = Buffer.concat([
          bytes.subarray(0, random(4) === 0 ? random(bytes.length) : bytes.length),
          Buffer.alloc(random(90), 7),
        ]);
        far[0]!.end(came);
        const reduce = random(2) === 0 ? RECEIVE_FLAGS.reduce : 0;
        const receives = Float64Array.of(0, 0, 100, -1, reduce, 0);
        const { failure } = await runner.run(
          exchange(vector, { wire, crc: false, receives, sends: new Float64Array(0) }),
        );
        expect(['none', 'head', 'lost']).toContain(failure);
        expect([...memory.subarray(0, 100), ...memory.subarray(200)]).toEqual(Array(200).fill(-1));
        runner.close();
      }
    },
  );

  it('closes its sockets and ends its thread without being waited for', async () => {
    const { runner, far } = await runnerOf(2);
    runner.close();
    await Promise.all(far.map((socket) => once(socket.resume(), 'end')));
  });

  it.each([
    ['exit', 7],
    ['terminate', 0],
    ['collect', 0],
  ] as const)('survives a process that ends: %s', async (how, code) => {
    const script = fileURLToPath(new URL('collective-runner-exit.mjs', import.meta.url));
    const child = spawn(process.execPath, ['--expose-gc', script, how], { stdio: ['ignore', 'inherit', 'inherit'] });
    expect(await once(child, 'exit')).toEqual([code, null]);
  });
});
