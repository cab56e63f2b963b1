/** What dies, starts again and stands still, on a real Hadoop: three DataNodes, two replicas, blocks of 1 MiB. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Hadoop } from '../../src/hadoop/hadoop.js';
import { openStorage, type StorageOptions } from '../../src/storage/open-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { collect, entries, patterned } from '../fake-storage.js';
import { hadoopOrSkip, START_MS } from '../hadoop-fixture.js';

const start = await hadoopOrSkip();
const MIB = 1 << 20;
const bytes = patterned(24 * MIB);

async function* inPieces(onPiece: (index: number) => Promise<void>): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < 24; index++) {
    await onPiece(index);
    yield bytes.subarray(index * MIB, (index + 1) * MIB);
  }
}

describe.skipIf(!start)('a real Hadoop whose parts fail', { timeout: START_MS }, () => {
  let hadoop: Hadoop;
  let storage: Storage;
  const opened: Storage[] = [];
  const open = (options: StorageOptions = {}): Storage => {
    const { storage } = openStorage(hadoop.url, { idleMs: 3_000, ...options });
    opened.push(storage);
    return storage;
  };

  beforeAll(async () => {
    hadoop = await start!();
    storage = open();
    await storage.write('/file', bytes);
  }, START_MS);
  afterAll(async () => {
    for (const each of opened) await each.close();
    await hadoop?.close();
  });
  beforeEach(async () => {
    await hadoop.ready();
  }, START_MS);

  it.each([true, false])(
    'kill -9 of the DataNode that serves a read: the bytes are the same (directly: %s)',
    async (directReads) => {
      const victim = hadoop.dataNodes[0]!;
      // Everything that it has is read from it.
      const reader = open({ localHosts: [victim.host], directReads, readAheadBytes: 2 * MIB, concurrency: 2 });
      const pieces: Uint8Array[] = [];
      for await (const piece of reader.read('/file')) {
        pieces.push(piece);
        if (pieces.length === 3) await victim.kill();
      }
      expect(Buffer.compare(Buffer.concat(pieces), bytes)).toBe(0);
      expect(reader.stats.retries).toBeGreaterThan(0);
      // Asked while the NameNode does not know yet.
      const small = new Uint8Array(100);
      await reader.readInto('/file', small, { offset: 20 * MIB - 50 });
      expect(Buffer.compare(small, bytes.subarray(20 * MIB - 50, 20 * MIB + 50))).toBe(0);
      await victim.start();
    },
  );

  it('kill -9 of a DataNode during a write: data that can be gone over again is whole', async () => {
    const victim = hadoop.dataNodes[1]!;
    const written = Promise.all(['a', 'b', 'c'].map((name) => storage.write(`/killed/${name}`, bytes)));
    // Some of it is there.
    await expect
      .poll(async () => (await entries(storage.list('/killed')).catch(() => [])).length, { interval: 5 })
      .toBeGreaterThan(0);
    await victim.kill();
    expect(await written).toEqual([bytes.length, bytes.length, bytes.length]);
    for (const name of ['a', 'b', 'c'])
      expect(Buffer.compare(await collect(storage.read(`/killed/${name}`)), bytes)).toBe(0);
    expect(await entries(storage.list('/killed'))).toHaveLength(3);
    await victim.start();
  });

  it('kill -9 of a DataNode during a write of a stream: whole, or one error and nothing left', async () => {
    const victim = hadoop.dataNodes[2]!;
    const stream = inPieces(async (index) => {
      if (index === 12) await victim.kill();
    });
    const result = await storage.write('/streamed/f', stream).catch((error: unknown) => error);
    if (result === bytes.length) {
      expect(Buffer.compare(await collect(storage.read('/streamed/f')), bytes)).toBe(0);
    } else {
      expect(result).toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/after \d+ bytes of data that cannot be gone over again: /) as string,
      });
      expect(await entries(storage.list('/streamed'))).toEqual([]);
    }
    await victim.start();
  });

  it('a stream is written though a DataNode is dead that the NameNode does not know of yet', async () => {
    const victim = hadoop.dataNodes[0]!;
    await victim.kill();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
      await storage.write(
        `/dead/${name}`,
        inPieces(() => Promise.resolve()),
      );
    expect(Buffer.compare(await collect(storage.read('/dead/f')), bytes)).toBe(0);
    await victim.start();
  });

  it.each([true, false])(
    'all replicas dead: one error within the deadline, not zeros (directly: %s)',
    async (directReads) => {
      const [first, second] = hadoop.dataNodes;
      const near = open({ localHosts: [first!.host], directReads });
      // A block that the two have, and the third has not.
      let path = '';
      for (let i = 0; path === ''; i++) {
        await near.write(`/gone/${directReads}-${i}`, bytes.subarray(0, 700_000));
        const [block] = await near.blocks(`/gone/${directReads}-${i}`);
        if (block!.hosts.includes(first!.host) && block!.hosts.includes(second!.host))
          path = `/gone/${directReads}-${i}`;
      }
      await Promise.all([first!.kill(), second!.kill()]);
      const reader = open({ directReads, deadlineMs: 3_000, idleMs: 1_000 });
      await expect(collect(reader.read(path))).rejects.toMatchObject({
        code: expect.stringMatching(/^(UNAVAILABLE|TIMEOUT)$/) as string,
        retryable: true,
        message: expect.stringMatching(/^OPEN hdfs:\S+, byte 0: .*given up after \d+ tries in \d+\.\d s\)$/) as string,
      });
      expect(reader.stats).toMatchObject({ localBytes: 0, remoteBytes: 0 });
      // A patient one reads it when they are back.
      const patient = collect(open({ directReads }).read(path));
      await Promise.all([first!.start(), second!.start()]);
      expect(Buffer.compare(await patient, bytes.subarray(0, 700_000))).toBe(0);
    },
  );

  it('a NameNode that dies and starts again, in the middle of reads and writes', async () => {
    const nameNode = hadoop.nameNodes[0]!;
    const reader = open({ readAheadBytes: 2 * MIB, concurrency: 2, directReads: false });
    const read = reader.read('/file')[Symbol.asyncIterator]();
    const pieces = [(await read.next()).value as Uint8Array];
    await nameNode.kill();
    const rest = (async () => {
      for (let next = await read.next(); !next.done; next = await read.next()) pieces.push(next.value);
    })();
    const all = Promise.all([
      rest,
      storage.stat('/file'),
      storage.write('/restarted', bytes.subarray(0, MIB)),
      entries(storage.list('/')),
      nameNode.start(),
    ]);
    const [, status, written, listed] = await all;
    expect(Buffer.compare(Buffer.concat(pieces), bytes)).toBe(0);
    expect(status).toMatchObject({ length: bytes.length });
    expect(written).toBe(MIB);
    expect(listed.length).toBeGreaterThan(0);
  });

  it('safe mode: reads go on, writes wait for its end, or give up by name', async () => {
    await hadoop.safeMode('enter');
    expect(await collect(storage.read('/file', { length: 10 }))).toHaveLength(10);
    await expect(open({ deadlineMs: 300 }).mkdirs('/d')).rejects.toMatchObject({
      code: 'SAFE_MODE',
      message: expect.stringMatching(/SafeModeException: .*Name node is in safe mode/) as string,
    });
    await expect(open({ deadlineMs: 300 }).write('/f', bytes.subarray(0, 10))).rejects.toMatchObject({
      code: 'SAFE_MODE',
    });
    const waiting = Promise.all([
      storage.write('/safe/whole', bytes.subarray(0, MIB)),
      storage.write(
        '/safe/stream',
        inPieces(() => Promise.resolve()),
      ),
      storage.mkdirs('/safe/d'),
      storage.append('/restarted', [bytes.subarray(0, 10)]),
    ]);
    await hadoop.safeMode('leave');
    expect((await waiting).slice(0, 2)).toEqual([MIB, bytes.length]);
    expect((await entries(storage.list('/safe'))).map(({ name }) => name)).toEqual(['d', 'stream', 'whole']);
    expect(await storage.stat('/restarted')).toMatchObject({ length: MIB + 10 });
  });
});
