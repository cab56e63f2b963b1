import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type FaultProxy, faultProxy } from './fault-proxy.js';
import { gate } from './pair.js';

const text = (n: number) => Buffer.from(Array.from({ length: n }, (_, i) => 65 + (i % 26)));

/** Collects what a socket brings, and tells when there is enough, or what it ended by. */
class Inbox {
  bytes = Buffer.alloc(0);
  readonly end: Promise<'end' | 'reset'>;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
    });
    const ended = gate<'end' | 'reset'>();
    socket.on('end', () => ended.open('end'));
    socket.on('error', () => ended.open('reset'));
    this.end = ended.promise;
  }

  async has(n: number): Promise<string> {
    while (this.bytes.length < n) await once(this.#socket, 'data');
    return this.bytes.toString('latin1');
  }
}

/** Two sockets with a proxy between them; near is who connected. */
async function through(prepare: (proxy: FaultProxy) => void = () => {}) {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await faultProxy({ target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } });
  prepare(proxy);
  const near = connect({ ...proxy.address, allowHalfOpen: true });
  const inboxes = { near: new Inbox(near) };
  const [far] = (await once(server, 'connection')) as [Socket];
  onTestFinished(async () => {
    near.destroy();
    far.destroy();
    server.close();
    await proxy.close();
  });
  return { proxy, near, far, fromFar: inboxes.near, fromNear: new Inbox(far) };
}

describe('faultProxy', () => {
  it('passes everything on in both directions, ends included', async () => {
    const { proxy, near, far, fromNear, fromFar } = await through();
    const long = text(3_000_000);
    near.write(long);
    far.end('back');
    expect(await fromFar.end).toBe('end');
    expect(fromFar.bytes.toString()).toBe('back');
    near.end('!');
    expect(await fromNear.end).toBe('end');
    expect(Buffer.compare(fromNear.bytes, Buffer.concat([long, Buffer.from('!')]))).toBe(0);
    await proxy.up.forwarded(3_000_001);
    expect(proxy.connections).toBe(1);
  });

  it('passes a reset on, and a target that is not there', async () => {
    const { proxy, near, fromNear } = await through();
    near.write('x');
    await fromNear.has(1);
    near.resetAndDestroy();
    expect(await fromNear.end).toBe('reset');
    const nowhere = await faultProxy({ target: { host: '127.0.0.1', port: 1 } });
    onTestFinished(() => nowhere.close());
    expect(await new Inbox(connect(nowhere.address)).end).toBe('reset');
    await Promise.all([proxy.close(), proxy.close()]);
  });

  it('stalls one way after exactly so many bytes, and flows again', async () => {
    const { proxy, near, far, fromNear, fromFar } = await through((proxy) => proxy.up.after(10, 'stall'));
    near.write(text(26));
    await proxy.up.forwarded(10);
    far.write('back');
    expect(await fromFar.has(4)).toBe('back');
    expect(await fromNear.has(10)).toBe('ABCDEFGHIJ');
    proxy.up.flow();
    expect(await fromNear.has(26)).toBe('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
  });

  it('stops reading while it stalls: the sender’s writes pile up', async () => {
    const { proxy, near, fromNear } = await through((proxy) => proxy.up.stall());
    let written = false;
    near.write(Buffer.alloc(64 * 1024 ** 2), () => {
      written = true;
    });
    const other = connect(proxy.address).on('error', () => {});
    onTestFinished(() => void other.destroy());
    await once(other, 'connect');
    expect([written, fromNear.bytes.length]).toEqual([false, 0]);
  });

  it('swallows one way: bytes, ends and resets are not delivered', async () => {
    const { proxy, near, far, fromNear, fromFar } = await through((proxy) => proxy.up.after(3, 'swallow'));
    near.write('abcdef');
    await proxy.up.forwarded(3);
    far.write('back');
    await fromFar.has(4);
    near.resetAndDestroy();
    await once(near, 'close');
    proxy.up.flow();
    expect([fromNear.bytes.toString(), far.readyState]).toEqual(['abc', 'open']);
  });

  it('ends one way, while the other goes on', async () => {
    const { near, far, fromNear, fromFar } = await through((proxy) => proxy.up.after(3, 'end'));
    near.write('abcdef');
    expect(await fromNear.end).toBe('end');
    expect(fromNear.bytes.toString()).toBe('abc');
    far.write('back');
    expect(await fromFar.has(4)).toBe('back');
  });

  it('resets both sides after exactly so many bytes, once', async () => {
    const { proxy, near, fromNear, fromFar } = await through((proxy) => proxy.up.after(3, 'reset'));
    near.write('abcdef');
    expect(await fromFar.end).toBe('reset');
    await fromNear.end;
    expect(fromNear.bytes.toString()).toBe('abc');
    const again = connect(proxy.address).on('error', () => {});
    onTestFinished(() => void again.destroy());
    again.write('abcdef');
    await proxy.up.forwarded(6);
  });

  it('resets both sides when told', async () => {
    const { proxy, near, fromNear, fromFar } = await through();
    near.write('abc');
    await fromNear.has(3);
    proxy.reset();
    expect(await Promise.all([fromNear.end, fromFar.end])).toEqual(['reset', 'reset']);
  });

  it('changes one byte, drops one, and calls back at an offset', async () => {
    const reached = gate();
    const { near, fromNear } = await through((proxy) => {
      proxy.up.corrupt(1, 0x20);
      proxy.up.drop(3);
      proxy.up.corrupt(4);
      proxy.up.after(5, reached.open);
    });
    near.write('ABC');
    await fromNear.has(3);
    near.write('DEF');
    await reached.promise;
    expect(await fromNear.has(5)).toBe('AbCDF');
  });

  it('delays without holding back later bytes', async () => {
    const { proxy, near, fromNear } = await through((proxy) => proxy.up.delay(40));
    const beganMs = performance.now();
    near.write('a');
    await fromNear.has(1);
    // A lower bound only: what is late on a busy machine is no error.
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(39);
    near.write('b');
    proxy.up.delay(0);
    expect(await fromNear.has(2)).toBe('ab');
  });

  it('throttles', async () => {
    const { near, fromNear } = await through((proxy) => proxy.up.throttle(1_000_000));
    const beganMs = performance.now();
    near.write(text(50_000));
    await fromNear.has(50_000);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(39);
  });

  it('rejects who waits for bytes when it is closed', async () => {
    const { proxy } = await through();
    const waiting = expect(proxy.down.forwarded(1)).rejects.toThrow('the proxy was closed before 1 bytes');
    await proxy.close();
    await waiting;
  });

  it('makes both sides’ peers vanish', async () => {
    const { proxy, near, far, fromNear, fromFar } = await through();
    near.write('a');
    await fromNear.has(1);
    proxy.vanish();
    near.end('b');
    far.destroy();
    const other = connect(proxy.address).on('error', () => {});
    onTestFinished(() => void other.destroy());
    await once(other, 'connect');
    expect([fromNear.bytes.toString(), fromFar.bytes.length, near.readableEnded]).toEqual(['a', 0, false]);
    proxy.reset();
    expect(await fromFar.end).toBe('reset');
  });
});
