import { afterEach, describe, expect, it } from 'vitest';
import { BlockReader } from '../../src/storage/block-reader.js';
import { type FakeDataNode, fakeDataNode, pattern } from '../fake-data-node.js';

const SIZE = 300_000;
const content = pattern(SIZE);
const block = { poolId: 'BP-1', id: 7, generationStamp: 1, bytes: SIZE, token: 'AAAAAA' };
const nodes: FakeDataNode[] = [];
let reader = new BlockReader({ idleMs: 20_000 });

async function start(count: number): Promise<void> {
  for (let i = 0; i < count; i++) nodes.push(await fakeDataNode(content));
  reader = new BlockReader({ idleMs: 20_000 });
}

async function read(o: { offset?: number; into: Uint8Array; signal?: AbortSignal }) {
  const from: string[] = [];
  let retries = 0;
  const bytes = await reader.read(block, {
    offset: o.offset ?? 0,
    into: o.into,
    replicas: nodes.map(({ name }, i) => ({ name, host: `host${i}`, local: i === 0 })),
    signal: o.signal,
    onBytes: (count, { host }) => {
      for (let i = 0; i < count && from.length < 1 << 20; i += 65_536) from.push(host);
    },
    onRetry: () => {
      retries += 1;
    },
  });
  return { bytes, retries, hosts: [...new Set(from)] };
}

afterEach(async () => {
  reader.close(new Error('the test has ended'));
  for (const node of nodes.splice(0)) await node.close();
});

describe('BlockReader', () => {
  it('reads from the first replica, over connections that it keeps', async () => {
    await start(2);
    for (let i = 0; i < 3; i++) {
      const into = new Uint8Array(100_000);
      expect(await read({ offset: 1000, into })).toEqual({ bytes: 100_000, retries: 0, hosts: ['host0'] });
      expect(Buffer.compare(into, content.subarray(1000, 101_000))).toBe(0);
    }
    expect(nodes.map(({ connections }) => connections)).toEqual([1, 0]);
  });

  it('goes on at the next replica from the byte where one stopped', async () => {
    await start(3);
    nodes[0]!.behaviour = { cutAfter: 150_000 };
    nodes[1]!.behaviour = { damageAt: 240_000 };
    const into = new Uint8Array(SIZE);
    expect(await read({ into })).toEqual({ bytes: SIZE, retries: 2, hosts: ['host0', 'host1', 'host2'] });
    expect(Buffer.compare(into, content)).toBe(0);
    // Two packets of 64 KiB came whole from the first.
    expect(nodes[1]!.requests[0]!.length).toBeGreaterThan(0);
  });

  it('gives what came, and no error, where no replica can be read from; and leaves those alone for a while', async () => {
    await start(2);
    for (const node of nodes) node.behaviour = { status: 7, message: 'SASL expected' };
    expect(await read({ into: new Uint8Array(10) })).toMatchObject({ bytes: 0 });
    expect(await read({ into: new Uint8Array(10) })).toMatchObject({ bytes: 0 });
    expect(nodes.map(({ connections }) => connections)).toEqual([1, 1]);
  });

  it('gives nothing where nobody listens', async () => {
    await start(1);
    await nodes[0]!.close();
    expect(await read({ into: new Uint8Array(10) })).toMatchObject({ bytes: 0 });
  });

  it('makes a new connection where the kept one was closed meanwhile, and leaves nobody alone for it', async () => {
    await start(1);
    const node = nodes[0]!;
    await read({ into: new Uint8Array(10) });
    node.hangUp();
    expect(await read({ into: new Uint8Array(10) })).toMatchObject({ bytes: 10, retries: 0 });
    expect(node.connections).toBe(2);
  });

  it('ends with the signal, and with its own close()', async () => {
    await start(1);
    nodes[0]!.behaviour = { silentAfter: 10 };
    const stop = new AbortController();
    const pending = read({ into: new Uint8Array(10), signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');
    await expect(read({ into: new Uint8Array(10), signal: stop.signal })).rejects.toThrow('enough');
  });
});
