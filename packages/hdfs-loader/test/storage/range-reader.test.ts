import { Agent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BlockReader } from '../../src/storage/block-reader.js';
import { NameNodes } from '../../src/storage/name-nodes.js';
import type { PlannedRange } from '../../src/storage/range-plan.js';
import { RangeReader } from '../../src/storage/range-reader.js';
import {
  busy,
  closed,
  cutAfter,
  denied,
  noDataNode,
  noReplica,
  offBy,
  page,
  redirectTo,
  refuse,
  reset,
  silent,
  stallAfter,
  standby,
} from '../fake-faults.js';
import { addressesOf, patterned, QUICK, SILENCE_MS } from '../fake-storage.js';
import { type FakeOptions, FakeWebHdfs } from '../fake-web-hdfs.js';

const bytes = patterned(100_000);

const replica = (n: number): PlannedRange['replicas'][number] => ({
  host: `dn${n}.example`,
  name: `127.0.0.1:${n}`,
  local: false,
});
const range = (replicas: number[]): PlannedRange => ({
  offset: 1_000,
  length: 90_000,
  replicas: replicas.map(replica),
});

interface Reading {
  fake: FakeWebHdfs;
  read: (replicas: number[], signal?: AbortSignal) => Promise<boolean>;
  stats: { bytes: number; retries: number };
}

async function reading(o: FakeOptions & { deadlineMs?: number; idleMs?: number } = {}): Promise<Reading> {
  const { deadlineMs = QUICK.retry.deadlineMs, idleMs = QUICK.idleMs, ...options } = o;
  const fake = await FakeWebHdfs.start({ dataNodes: 3, ...options });
  fake.tree.put('/f', bytes);
  const agent = new Agent();
  onTestFinished(() => agent.destroy());
  const addresses = addressesOf(fake);
  const retry = { ...QUICK.retry, deadlineMs };
  const nameNodes = new NameNodes({ addresses, credentials: {}, retry, idleMs, agent });
  const stats = { bytes: 0, retries: 0 };
  const direct = new BlockReader({ idleMs });
  const reader = new RangeReader({
    nameNodes,
    agent,
    direct,
    retry,
    idleMs,
    isLocal: () => false,
    onBytes: (more) => {
      stats.bytes += more;
    },
    onRetry: () => {
      stats.retries += 1;
    },
  });
  const read = async (replicas: number[], signal?: AbortSignal): Promise<boolean> => {
    const planned = range(replicas);
    const into = new Uint8Array(planned.length);
    await reader.read('/f', planned, into, signal);
    return Buffer.compare(into, bytes.subarray(planned.offset, planned.offset + planned.length)) === 0;
  };
  return { fake, read, stats };
}

const opened = (fake: FakeWebHdfs): string[] =>
  fake.seen.filter(({ op, at }) => op === 'OPEN' && at.startsWith('dn')).map(({ at }) => at);

describe('RangeReader', () => {
  it('asks the best replica, by leaving the others out', async () => {
    const { fake, read, stats } = await reading();
    expect(await read([2, 1, 3])).toBe(true);
    expect(opened(fake)).toEqual(['dn2']);
    expect(stats).toEqual({ bytes: 90_000, retries: 0 });
  });

  it.each([
    ['is reset', reset],
    ['is closed', closed],
    ['says nothing', silent],
    ['is busy', busy],
    ['sends its length and nothing: all its replicas are gone', cutAfter(0)],
    ['dies within the body', cutAfter(30_000)],
    ['stalls within the body', stallAfter(30_000)],
    ['redirects to a dead port', redirectTo('http://127.0.0.1:1/webhdfs/v1/f?op=OPEN')],
    ['cannot reach the block', refuse(403, 'BlockMissingException', 'Could not obtain block: BP-1:blk_1 file=/f')],
    ['cannot reach the NameNode', refuse(403, 'ConnectException', 'Connection refused')],
  ])('goes on at the next replica when a DataNode %s, and reads no byte twice', async (name, fault) => {
    const { fake, read, stats } = await reading(/nothing$|stalls/.test(name) ? { idleMs: SILENCE_MS } : {});
    fake.fault({ op: 'OPEN', at: 'dn1' }, fault);
    expect(await read([1, 2, 3])).toBe(true);
    expect(opened(fake)).toEqual(['dn1', 'dn2']);
    expect(stats).toEqual({ bytes: 90_000, retries: 1 });
  });

  it('goes on from the byte that came last', async () => {
    const { fake, read, stats } = await reading();
    fake.fault({ op: 'OPEN', at: 'dn1' }, cutAfter(30_000), 1);
    fake.fault({ op: 'OPEN', at: 'dn2' }, cutAfter(20_000), 1);
    expect(await read([1, 2, 3])).toBe(true);
    const offsets = fake.seen
      .filter(({ op, at }) => op === 'OPEN' && at.startsWith('dn'))
      .map(({ parameters }) => [Number(parameters['offset']), Number(parameters['length'])]);
    expect(offsets).toEqual([
      [1_000, 90_000],
      [31_000, 60_000],
      [51_000, 40_000],
    ]);
    expect(stats).toEqual({ bytes: 90_000, retries: 2 });
  });

  it('comes back to a replica that failed before, when all have', async () => {
    const { fake, read, stats } = await reading();
    fake.fault({ op: 'OPEN', at: 'dn' }, reset, 5);
    expect(await read([1, 2, 3])).toBe(true);
    expect(stats).toEqual({ bytes: 90_000, retries: 5 });
  });

  it('asks where the block is when nobody has told it, and the first DataNode fails', async () => {
    const { fake, read } = await reading({ blockSize: 1_000 });
    await fake.stop('dn1');
    // The NameNode sends everybody to the dead one, unless told to leave it out.
    const first = redirectTo(`http://${fake.address('dn1')}/webhdfs/v1/f?op=OPEN`);
    fake.fault({ op: 'OPEN', at: 'nn' }, (exchange) =>
      exchange.request.url?.includes('excludedatanodes') ? exchange.serve() : first(exchange),
    );
    expect(await read([])).toBe(true);
    expect(fake.count({ op: 'GETFILEBLOCKLOCATIONS' })).toBe(1);
  });

  it.each([
    ['has no DataNode for it', noDataNode],
    ['knows none that may be asked', noReplica],
  ])('asks for any replica when the NameNode %s', async (_, fault) => {
    const { fake, read } = await reading();
    fake.fault({ op: 'OPEN', at: 'nn' }, fault, 3);
    expect(await read([1, 2])).toBe(true);
  });

  it('follows the active NameNode', async () => {
    const { fake, read, stats } = await reading({ nameNodes: 2 });
    fake.fault({ at: 'nn1' }, standby);
    expect(await read([1])).toBe(true);
    expect(stats.retries).toBe(0);
  });

  it.each([
    ['more bytes than were asked for', offBy(10), /expected 90000 bytes, got 90010$/],
    ['fewer', offBy(-10), /expected 90000 bytes, got 89990$/],
    ['more, of no length', offBy(10, { chunked: true }), /expected 90000 bytes, got 9\d{4}$/],
  ])('does not take %s', async (_, fault, message) => {
    const { fake, read } = await reading();
    fake.fault({ op: 'OPEN', at: 'dn' }, fault);
    await expect(read([1])).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringMatching(message) as string,
    });
  });

  it('asks for the rest of an answer of no length that was too short', async () => {
    const { fake, read } = await reading();
    fake.fault({ op: 'OPEN', at: 'dn' }, offBy(-10, { chunked: true }), 1);
    expect(await read([1, 2])).toBe(true);
  });

  it.each([
    ['denied', denied, 'PERMISSION', /AccessControlException/],
    ['not there any more', refuse(404, 'FileNotFoundException', 'File does not exist: /f'), 'NOT_FOUND', /\/f/],
    ['a huge page', page(500, 'x'.repeat(1 << 20)), 'IO', /got HTTP status 500: x{200}$/],
  ])('passes on at once what is %s', async (_, fault, code, message) => {
    for (const at of ['nn', 'dn']) {
      const { fake, read, stats } = await reading();
      fake.fault({ op: 'OPEN', at }, fault);
      await expect(read([1, 2])).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message) as string,
      });
      expect(stats.retries).toBe(0);
    }
  });

  it('gives up at the deadline with one error that says which byte: never zeros', async () => {
    const { fake, read, stats } = await reading({ deadlineMs: 100 });
    fake.fault({ op: 'OPEN', at: 'dn' }, cutAfter(0));
    await expect(read([1, 2, 3])).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      message: expect.stringMatching(
        /^OPEN hdfs:\/\/\S+\/f, byte 1000: 127\.0\.0\.1:\d+: .+ \(given up after \d+ tries in \d\.\d s\)$/,
      ) as string,
    });
    expect(stats.bytes).toBe(0);
    expect(stats.retries).toBeGreaterThan(0);
  });

  it('begins the deadline anew with every byte that comes', async () => {
    const { fake, read, stats } = await reading({ deadlineMs: 1_000 });
    fake.fault({ op: 'OPEN', at: 'dn' }, cutAfter(1_000), 60);
    expect(await read([1, 2, 3])).toBe(true);
    expect(stats.retries).toBe(60);
  });

  it('ends with the signal, and writes nothing after that', async () => {
    const { fake, read } = await reading({ idleMs: 1e6 });
    fake.fault({ op: 'OPEN', at: 'dn' }, stallAfter(10));
    const stop = new AbortController();
    const arrived = fake.arrival({ op: 'OPEN', at: 'dn' });
    const pending = read([1, 2], stop.signal);
    await arrived;
    stop.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');
    await fake.quietDataNodes();
  });
});

describe('HttpFS', () => {
  it('sends the bytes itself, and is gone on with where it stopped', async () => {
    const { fake, read, stats } = await reading({ httpFs: true });
    expect(await read([])).toBe(true);
    fake.fault({ op: 'OPEN' }, cutAfter(40_000), 1);
    expect(await read([])).toBe(true);
    expect(stats).toEqual({ bytes: 180_000, retries: 1 });
  });
});
