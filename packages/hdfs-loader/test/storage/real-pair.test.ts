/** Two real NameNodes, one of which stands by. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Hadoop } from '../../src/hadoop/hadoop.js';
import { openStorage } from '../../src/storage/open-storage.js';
import { PlainOperations } from '../../src/storage/plain-operations.js';
import { IPC_PORT } from '../../src/storage/remote-failure.js';
import type { Storage } from '../../src/storage/storage.js';
import { collect, entries, patterned } from '../fake-storage.js';
import { hadoopOrSkip, START_MS } from '../hadoop-fixture.js';

const start = await hadoopOrSkip();
const MIB = 1 << 20;
const bytes = patterned(8 * MIB);

describe.skipIf(!start)('a real pair of NameNodes', { timeout: START_MS }, () => {
  let hadoop: Hadoop;
  const opened: Storage[] = [];
  const open = (location: string, options: Parameters<typeof openStorage>[1] = {}): Storage => {
    const { storage } = openStorage(location, options);
    opened.push(storage);
    return storage;
  };
  /** nn2, nn1: the one that stands by first. */
  const standbyFirst = (): string => {
    const [, authorities = ''] = hadoop.url.split('://');
    return `hdfs://${authorities.split(',').reverse().join(',')}`;
  };

  beforeAll(async () => {
    hadoop = await start!({ highAvailability: true, dataNodes: 2 });
  }, START_MS);
  afterAll(async () => {
    for (const each of opened) await each.close();
    await hadoop?.close();
  });

  it('every operation finds the active one, though the one that stands by comes first', async () => {
    const each = async (work: (storage: Storage) => Promise<unknown>): Promise<void> => {
      // A new one each time: the first call has to find out.
      await work(open(standbyFirst(), { localHosts: [] }));
    };
    await each((s) => s.mkdirs('/d'));
    await each((s) => s.write('/d/f', bytes));
    await each(async (s) => expect(Buffer.compare(await collect(s.read('/d/f')), bytes)).toBe(0));
    await each((s) => s.append('/d/f', bytes.subarray(0, 1)));
    await each((s) => s.rename('/d/f', '/d/g'));
    await each((s) => s.stat('/d/g'));
    await each((s) => s.checksum('/d/g'));
    await each((s) => s.blocks('/d/g'));
    await each(async (s) => expect(await entries(s.list('/d'))).toHaveLength(1));
    await each(async (s) => expect(await s.delete('/x')).toBe(false));
    await each(async (s) => expect(await s.delete('/d', { recursive: true })).toBe(true));
  });

  it('is found by its logical name in Hadoop’s configuration', async () => {
    const { confDir, defaultFs } = hadoop;
    const storage = open(`${defaultFs}/x`, { hadoopConfDir: confDir });
    expect(storage.root).toBe(hadoop.url);
    await storage.mkdirs('/x');
    expect(await open('hdfs:///x', { hadoopConfDir: confDir }).stat('/x')).toMatchObject({ type: 'directory' });
  });

  it('finds WebHDFS behind the port of Hadoop’s own protocol, by the configuration', async () => {
    const { host, rpcPort } = hadoop.nameNodes[0]!;
    const storage = open(`hdfs://${host}:${rpcPort}/x`, { hadoopConfDir: hadoop.confDir });
    expect(await storage.stat('/')).toMatchObject({ type: 'directory' });
  });

  it('knows that port by its answer', async () => {
    const { host, rpcPort } = hadoop.nameNodes[0]!;
    const address = { protocol: 'http' as const, host, port: rpcPort };
    const plain = new PlainOperations(address, { user: 'weft', query: {}, ca: undefined });
    await expect(plain.stat('/', { idleMs: 10_000, signal: undefined })).rejects.toMatchObject({ exception: IPC_PORT });
    plain.close();
  });

  it('kill -9 of the active one while it is read and written: another goes on', async () => {
    const storage = open(hadoop.url, { readAheadBytes: MIB, concurrency: 1, directReads: false });
    await storage.write('/f', bytes);
    const read = storage.read('/f')[Symbol.asyncIterator]();
    const pieces = [(await read.next()).value as Uint8Array];
    await hadoop.nameNodes[0]!.kill();
    const rest = (async () => {
      for (let next = await read.next(); !next.done; next = await read.next()) pieces.push(next.value);
    })();
    async function* stream(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += MIB) yield bytes.subarray(at, at + MIB);
    }
    const written = await Promise.all([
      storage.write('/g', bytes),
      storage.write('/h', stream()),
      storage.rename('/x', '/y'),
      rest,
      hadoop.failover(),
    ]);
    expect(Buffer.compare(Buffer.concat(pieces), bytes)).toBe(0);
    expect(written.slice(0, 2)).toEqual([bytes.length, bytes.length]);
    expect((await entries(storage.list('/'))).map(({ name }) => name)).toEqual(['f', 'g', 'h', 'y']);
    for (const path of ['/g', '/h']) expect(Buffer.compare(await collect(storage.read(path)), bytes)).toBe(0);
  });
});
