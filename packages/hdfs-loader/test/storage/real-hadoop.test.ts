/** Every operation, and its bad cases, on a real Hadoop: three DataNodes, two replicas, blocks of 1 MiB. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Pool } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Hadoop } from '../../src/hadoop/hadoop.js';
import { openStorage, type StorageOptions } from '../../src/storage/open-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { collect, entries, patterned } from '../fake-storage.js';
import { hadoopOrSkip, START_MS } from '../hadoop-fixture.js';

const start = await hadoopOrSkip();
const MIB = 1 << 20;
/** 100,000 would take a NameNode on two shared cores more than a minute to make. */
const ENTRIES = 20_000;
const CONNECTIONS = 64;
const text = (words: string): Uint8Array => new TextEncoder().encode(words);

describe.skipIf(!start)('on a real Hadoop', { timeout: START_MS }, () => {
  let hadoop: Hadoop;
  let storage: Storage;
  const opened: Storage[] = [];
  const open = (options: StorageOptions = {}): Storage => {
    const { storage } = openStorage(hadoop.url, options);
    opened.push(storage);
    return storage;
  };
  /** An operation that Storage does not have. */
  const put = async (path: string, query: string): Promise<void> => {
    const { host, httpPort } = hadoop.nameNodes[0]!;
    const user = (await storage.stat('/')).owner;
    const url = `http://${host}:${httpPort}/webhdfs/v1${path}?user.name=${user}&${query}`;
    const answer = await fetch(url, { method: 'PUT' });
    expect(answer.status, await answer.text()).toBe(200);
  };

  beforeAll(async () => {
    hadoop = await start!();
    storage = open();
  }, START_MS);
  afterAll(async () => {
    for (const each of opened) await each.close();
    await hadoop?.close();
  });

  describe('names', () => {
    it.each([
      'a b',
      ' lead and trail ',
      'plus+',
      '100%',
      '%20',
      '#',
      'q?x=1&y=2',
      'semi;colon',
      'ü',
      '日本語',
      '😀',
      'dot.',
      '.hidden',
      '...',
      '\'quote"',
      '[1]{2}',
      'back\\slash',
      'a=b,c',
      '~',
      'n'.repeat(255),
    ])('every operation takes %j', async (name) => {
      const directory = '/names ü+%20#';
      const path = `${directory}/${name}`;
      await storage.write(path, text(name));
      expect(await storage.stat(path)).toMatchObject({ path, name, type: 'file', replication: 2, blockSize: MIB });
      expect((await entries(storage.list(directory))).map((entry) => entry.name)).toEqual([name]);
      await storage.append(path, text('+'));
      expect((await collect(storage.read(path))).toString()).toBe(`${name}+`);
      expect((await storage.checksum(path)).algorithm).toMatch(/CRC32C$/);
      expect(await storage.blocks(path)).toHaveLength(1);
      await storage.mkdirs(`/moved/${name}`);
      await storage.rename(path, `/moved/${name}/${name}`);
      expect(await storage.delete('/moved', { recursive: true })).toBe(true);
      expect(await storage.delete(directory)).toBe(true);
    });

    it('refuses what Hadoop refuses', async () => {
      await expect(storage.mkdirs('/a:b')).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/\/a:b: InvalidPathException: /) as string,
      });
      await expect(storage.mkdirs(`/${'n'.repeat(256)}`)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    });
  });

  describe.each([true, false])('reads, directly: %s', (directReads) => {
    const bytes = patterned(3 * MIB + 17);
    let reader: Storage;

    beforeAll(async () => {
      reader = open({ directReads, localHosts: [] });
      await storage.write('/read/file', bytes, { overwrite: true });
    });

    it.each([
      [0, bytes.length],
      [0, 0],
      [0, 1],
      [bytes.length, 0],
      [bytes.length - 1, 1],
      [MIB - 1, 2],
      [MIB, MIB],
      [MIB - 511, 2 * MIB + 500],
      [777, 300_001],
    ])('from byte %i: %i', async (offset, length) => {
      const expected = bytes.subarray(offset, offset + length);
      const before = reader.stats.remoteBytes;
      expect(Buffer.compare(await collect(reader.read('/read/file', { offset, length })), expected)).toBe(0);
      const into = new Uint8Array(length);
      await reader.readInto('/read/file', into, { offset });
      expect(Buffer.compare(into, expected)).toBe(0);
      expect(reader.stats.remoteBytes - before).toBe(2 * length);
      expect(reader.stats.retries).toBe(0);
    });

    it('a file of 0 bytes', async () => {
      await storage.write('/read/empty', new Uint8Array(0), { overwrite: true });
      expect(await collect(reader.read('/read/empty'))).toHaveLength(0);
      await reader.readInto('/read/empty', new Uint8Array(0));
      expect(await reader.blocks('/read/empty')).toEqual([]);
    });

    it('refuses a range that leaves the file, a directory, and what is not there', async () => {
      await expect(collect(reader.read('/read/file', { offset: 1, length: bytes.length }))).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      await expect(collect(reader.read('/read'))).rejects.toMatchObject({ code: 'IO' });
      await expect(collect(reader.read('/none'))).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: expect.stringMatching(
          /^GETFILESTATUS hdfs:\S+\/none: FileNotFoundException: File does not exist: \/none$/,
        ) as string,
      });
    });
  });

  it('a local DataNode gives at least 90 % of the bytes of which it has a replica', async () => {
    const bytes = patterned(24 * MIB);
    await storage.write('/near', bytes);
    const near = hadoop.dataNodes[0]!.host;
    const local = (await storage.blocks('/near'))
      .filter(({ hosts }) => hosts.includes(near))
      .reduce((sum, { length }) => sum + length, 0);
    for (const directReads of [true, false]) {
      const reader = open({ localHosts: [near], directReads });
      expect(Buffer.compare(await collect(reader.read('/near')), bytes)).toBe(0);
      expect(local).toBeGreaterThan(0);
      expect(reader.stats.localBytes).toBeGreaterThanOrEqual(0.9 * local);
      expect(reader.stats.localBytes + reader.stats.remoteBytes).toBe(bytes.length);
    }
  });

  it('writes whole, in pieces and as a stream, with block size and replication', async () => {
    const bytes = patterned(2 * MIB + 5);
    async function* stream(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 300_000) yield bytes.subarray(at, at + 300_000);
    }
    expect(await storage.write('/w/whole', bytes, { blockSize: 2 * MIB, replication: 1 })).toBe(bytes.length);
    expect(await storage.write('/w/array', [bytes.subarray(0, 5), bytes.subarray(5)])).toBe(bytes.length);
    expect(await storage.write('/w/stream', stream())).toBe(bytes.length);
    expect(await storage.write('/w/empty', [])).toBe(0);
    expect(await storage.stat('/w/whole')).toMatchObject({ blockSize: 2 * MIB, replication: 1 });
    for (const name of ['whole', 'array', 'stream'])
      expect(Buffer.compare(await collect(storage.read(`/w/${name}`)), bytes)).toBe(0);
    const digests = await Promise.all(['array', 'stream'].map((name) => storage.checksum(`/w/${name}`)));
    expect(digests[0]).toEqual(digests[1]);
    expect((await entries(storage.list('/w'))).map(({ name }) => name)).toEqual(['array', 'empty', 'stream', 'whole']);
    await expect(storage.write('/w/small', bytes, { blockSize: 512 })).rejects.toMatchObject({ code: 'IO' });
    await expect(storage.stat('/w/small')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('replaces only when told to; of many writers one wins', async () => {
    await storage.write('/once', text('old'));
    await expect(storage.write('/once', text('new'))).rejects.toMatchObject({ code: 'EXISTS' });
    await storage.write('/once', text('new'), { overwrite: true });
    expect((await collect(storage.read('/once'))).toString()).toBe('new');
    const all = await Promise.allSettled(Array.from({ length: 5 }, (_, i) => storage.write('/race/f', text(`${i}`))));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const each of all) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'EXISTS' });
    expect(await entries(storage.list('/race'))).toHaveLength(1);
    await expect(storage.write('/race', text('x'), { overwrite: true })).rejects.toMatchObject({ name: 'LoaderError' });
    await expect(storage.write('/once/below', text('x'))).rejects.toMatchObject({ name: 'LoaderError' });
  });

  it('moves files and directories, never over something or into it', async () => {
    await storage.write('/mv/d/f', text('a'));
    await storage.write('/mv/g', text('g'));
    await storage.rename('/mv/d', '/mv/e');
    for (const to of ['/mv/g', '/mv/e', '/mv/e/f'])
      await expect(storage.rename('/mv/g', to)).rejects.toMatchObject({ name: 'LoaderError' });
    await expect(storage.rename('/mv/e/f', '/mv/g')).rejects.toMatchObject({ code: 'EXISTS' });
    await expect(storage.rename('/mv/g', '/mv/e')).rejects.toMatchObject({ code: 'EXISTS' });
    await expect(storage.rename('/mv/x', '/mv/y')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(storage.rename('/mv/g', '/mv/none/g')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(storage.rename('/mv/e', '/mv/e/inside')).rejects.toMatchObject({ code: 'IO' });
    expect((await entries(storage.list('/mv'))).map(({ name }) => name)).toEqual(['e', 'g']);
  });

  it('deletes, makes directories, appends: as files do', async () => {
    await storage.mkdirs('/del/a/b');
    await storage.mkdirs('/del/a/b');
    await expect(storage.delete('/del')).rejects.toMatchObject({ code: 'IO' });
    expect(await storage.delete('/del', { recursive: true })).toBe(true);
    expect(await storage.delete('/del', { recursive: true })).toBe(false);
    await storage.write('/f', text('a'));
    await expect(storage.mkdirs('/f')).rejects.toMatchObject({ code: 'EXISTS' });
    await expect(storage.mkdirs('/f/below')).rejects.toMatchObject({ code: 'IO' });
    await expect(storage.append('/none', text('a'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(storage.append('/', text('a'))).rejects.toMatchObject({ code: 'IO' });
    await expect(entries(storage.list('/f'))).rejects.toMatchObject({ code: 'IO' });
    await expect(entries(storage.list('/none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(storage.checksum('/none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(storage.checksum('/')).rejects.toMatchObject({ name: 'LoaderError' });
    await expect(storage.blocks('/none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('names a permission that is missing', async () => {
    await storage.write('/private/f', text('secret'));
    await put('/private', 'op=SETPERMISSION&permission=700');
    const eve = open({ user: 'eve' });
    const denied = {
      code: 'PERMISSION',
      message: expect.stringMatching(/AccessControlException: Permission denied: user=eve, access=/) as string,
    };
    await expect(eve.write('/f2', text('x'))).rejects.toMatchObject(denied);
    await expect(eve.append('/f', text('x'))).rejects.toMatchObject(denied);
    await expect(eve.mkdirs('/d2')).rejects.toMatchObject(denied);
    await expect(eve.delete('/private', { recursive: true })).rejects.toMatchObject(denied);
    await expect(eve.rename('/private', '/p')).rejects.toMatchObject(denied);
    await expect(collect(eve.read('/private/f'))).rejects.toMatchObject(denied);
    await expect(entries(eve.list('/private'))).rejects.toMatchObject(denied);
  });

  it('names a quota that is used up', async () => {
    await storage.mkdirs('/quota/names');
    await storage.mkdirs('/quota/bytes');
    await hadoop.command('org.apache.hadoop.hdfs.tools.DFSAdmin', ['-setQuota', '2', '/quota/names']);
    await hadoop.command('org.apache.hadoop.hdfs.tools.DFSAdmin', ['-setSpaceQuota', '3m', '/quota/bytes']);
    await storage.mkdirs('/quota/names/a');
    await expect(storage.mkdirs('/quota/names/b')).rejects.toMatchObject({
      code: 'QUOTA',
      message: expect.stringMatching(/NSQuotaExceededException: The NameSpace quota .*\/quota\/names/) as string,
    });
    await expect(storage.write('/quota/bytes/f', patterned(4 * MIB))).rejects.toMatchObject({
      code: 'QUOTA',
      message: expect.stringMatching(/DSQuotaExceededException: The DiskSpace quota of \/quota\/bytes/) as string,
    });
    expect(await entries(storage.list('/quota/bytes'))).toEqual([]);
  });

  it(`lists a directory of ${ENTRIES} entries in bounded memory`, async () => {
    const { host, httpPort } = hadoop.nameNodes[0]!;
    const user = (await storage.stat('/')).owner;
    await storage.mkdirs('/many');
    const pool = new Pool(`http://${host}:${httpPort}`, { connections: CONNECTIONS });
    let next = 0;
    const make = async (): Promise<void> => {
      while (next < ENTRIES) {
        const path = `/webhdfs/v1/many/entry-${String(next++).padStart(6, '0')}?op=MKDIRS&user.name=${user}`;
        const { statusCode, body } = await pool.request({ method: 'PUT', path });
        await body.dump();
        if (statusCode !== 200) throw new Error(`MKDIRS: ${statusCode}`);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, make));
    await pool.close();

    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    let listed = 0;
    let last = '';
    let early = 0;
    let late = 0;
    for await (const { name } of storage.list('/many')) {
      expect(name > last).toBe(true);
      last = name;
      listed += 1;
      if (listed !== 5_000 && listed !== ENTRIES - 1_000) continue;
      gc();
      if (listed === 5_000) early = process.memoryUsage().heapUsed;
      else late = process.memoryUsage().heapUsed;
    }
    expect(listed).toBe(ENTRIES);
    // The entries between would be 4 MB.
    expect(late - early).toBeLessThan(1 << 20);
  });
});
