import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { answer, reset } from '../fake-faults.js';
import { collect, entries, fakeStorage, HOURS, made, patterned, started, text } from '../fake-storage.js';
import { FakeWebHdfs } from '../fake-web-hdfs.js';

const NAMES = [
  'a b',
  ' lead',
  'plus+',
  '100%',
  '%20',
  '#',
  'q?x=1&y=2',
  'semi;colon',
  'ü',
  '日本',
  '😀',
  'dot.',
  '.hidden',
  '...',
  '\'quote"',
  '[1]',
  'back\\slash',
  'a=b',
  '~',
];

describe('files of any name', () => {
  it.each(NAMES)('writes, lists, reads, moves and deletes %j', async (name) => {
    const { fake, storage } = await started();
    const path = `/d ü/${name}`;
    await storage.write(path, text(name));
    expect(fake.tree.paths()).toEqual(['/d ü', path]);
    expect(await storage.stat(path)).toMatchObject({ path, name, type: 'file', owner: 'weft' });
    expect((await entries(storage.list('/d ü'))).map((entry) => entry.path)).toEqual([path]);
    expect((await collect(storage.read(path))).toString()).toBe(name);
    await storage.append(path, text('+'));
    expect((await storage.checksum(path)).digest).toBe(createHash('md5').update(`${name}+`).digest('hex'));
    await storage.rename(path, `/${name}`);
    expect(fake.tree.paths()).toEqual([`/${name}`, '/d ü'].sort((a, b) => (a < b ? -1 : 1)));
    expect(await storage.delete(`/${name}`)).toBe(true);
  });

  it('refuses a path that leaves the tree, or is none, before anything is sent', async () => {
    const { fake, storage } = await started();
    for (const path of ['a', '/../etc', '/a/./b', '/\ud800']) {
      await expect(storage.stat(path)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(storage.write(path, text(''))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(storage.rename('/x', path)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    expect(fake.seen).toEqual([]);
  });
});

describe('list', () => {
  it('asks for one part after the other, and no further than it is read', async () => {
    const { fake, storage } = await started({ batch: 3 });
    for (let i = 0; i < 10; i++) fake.tree.put(`/d/f${i}`, text('x'));
    expect((await entries(storage.list('/d'))).map(({ name }) => name)).toEqual(
      Array.from({ length: 10 }, (_, i) => `f${i}`),
    );
    expect(fake.count({ op: 'LISTSTATUS_BATCH' })).toBe(4);
    for await (const { name } of storage.list('/d')) if (name === 'f3') break;
    expect(fake.count({ op: 'LISTSTATUS_BATCH' })).toBe(6);
  });

  it('lists the root, an empty directory, and one whose path has slashes too many', async () => {
    const { fake, storage } = await started();
    fake.tree.mkdirs('/empty', 'hdfs');
    expect((await entries(storage.list('/'))).map(({ path }) => path)).toEqual(['/empty']);
    expect(await entries(storage.list('/empty'))).toEqual([]);
    fake.tree.put('/empty/f', text(''));
    expect((await entries(storage.list('//empty/'))).map(({ path }) => path)).toEqual(['/empty/f']);
  });

  it('names what is no directory', async () => {
    const { fake, storage } = await started();
    fake.tree.put('/f', text('x'));
    await expect(entries(storage.list('/f'))).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringMatching(/\/f: expected a directory, got a file$/) as string,
    });
    await expect(entries(storage.list('/x'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    fake.fault({}, answer('{"DirectoryListing":{}}'));
    await expect(entries(storage.list('/'))).rejects.toMatchObject({ code: 'IO' });
  });

  it('ends where a server says the same again and again', async () => {
    const { fake, storage } = await started();
    fake.tree.put('/f', text('x'));
    const FileStatus = ['e', 'f'].map((name) => fake.tree.status('/f', name));
    const again = { partialListing: { FileStatuses: { FileStatus } }, remainingEntries: 1 };
    fake.fault({}, answer(JSON.stringify({ DirectoryListing: again })));
    await expect(entries(storage.list('/'))).rejects.toThrow(/expected entries behind f, got it again$/);
  });
});

describe('read and readInto', () => {
  const bytes = patterned(300_000);

  it.each([
    [0, 300_000],
    [0, 0],
    [299_999, 1],
    [300_000, 0],
    [65_535, 65_538],
    [1, 299_998],
  ])('gives bytes from %i: %i', async (offset, length) => {
    const fake = await FakeWebHdfs.start({ dataNodes: 3, blockSize: 65_536 });
    const storage = fakeStorage(fake, { readAheadBytes: 100_000 });
    fake.tree.put('/f', bytes);
    const expected = bytes.subarray(offset, offset + length);
    expect(Buffer.compare(await collect(storage.read('/f', { offset, length })), expected)).toBe(0);
    // slice() copies, for pieces are no Buffers.
    const copies: Uint8Array[] = [];
    for await (const piece of storage.read('/f', { offset, length, reuse: true })) copies.push(piece.slice());
    expect(Buffer.compare(Buffer.concat(copies), expected)).toBe(0);
    const into = new Uint8Array(length);
    await storage.readInto('/f', into, { offset });
    expect(Buffer.compare(into, expected)).toBe(0);
    expect(storage.stats).toEqual({ localBytes: 0, remoteBytes: 3 * length, retries: 0 });
  });

  it('refuses a range that leaves the file, a directory, and what is not there', async () => {
    const { fake, storage } = await started();
    fake.tree.put('/d/f', text('hello'));
    await expect(collect(storage.read('/d/f', { offset: 6 }))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(
        /^hdfs:\S+\/d\/f: expected a range within its 5 bytes, got -1 bytes from byte 6$/,
      ) as string,
    });
    await expect(storage.readInto('/d/f', new Uint8Array(6))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(collect(storage.read('/d'))).rejects.toMatchObject({
      message: expect.stringMatching(/expected a file, got a directory$/) as string,
    });
    await expect(collect(storage.read('/x'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('holds no more than the read-ahead, however fast the bytes come', async () => {
    const blockSize = 64 << 10;
    const fake = await FakeWebHdfs.start({ blockSize });
    const readAheadBytes = 4 * blockSize;
    const storage = fakeStorage(fake, { readAheadBytes, concurrency: 8 });
    fake.tree.put('/f', patterned(64 * blockSize));
    let asked = 0;
    let read = 0;
    let most = 0;
    fake.fault({ op: 'OPEN', at: 'dn' }, async ({ content, serve }) => {
      asked += content().length;
      most = Math.max(most, asked - read);
      await serve();
    });
    for await (const piece of storage.read('/f')) {
      // The piece in hand is the reader's until it asks for the next one.
      await fake.served();
      read += piece.length;
    }
    expect(read).toBe(64 * blockSize);
    expect(most).toBeLessThanOrEqual(readAheadBytes);
    expect(most).toBeGreaterThan(blockSize);
  });

  it('asks for nothing more when its reader stops, and lets go of what is under way', async () => {
    const blockSize = 64 << 10;
    const fake = await FakeWebHdfs.start({ blockSize });
    const storage = fakeStorage(fake, { readAheadBytes: 4 * blockSize });
    fake.tree.put('/f', patterned(32 * blockSize));
    // The second request and those after it are never answered.
    let opened = 0;
    fake.fault({ op: 'OPEN', at: 'dn' }, ({ serve }) => (opened++ === 0 ? serve() : undefined));
    for await (const piece of storage.read('/f')) {
      expect(piece.length).toBe(blockSize);
      break;
    }
    await storage.close();
    await fake.quiet();
    expect(opened).toBeLessThanOrEqual(5);
  });

  it('throws nothing away of what was read before a failure', async () => {
    const fake = await FakeWebHdfs.start({ blockSize: 64 << 10 });
    const storage = fakeStorage(fake, { readAheadBytes: 64 << 12, retry: { ...HOURS, deadlineMs: 50 } });
    fake.tree.put('/f', patterned(5 * (64 << 10)));
    let first = true;
    fake.fault({ op: 'OPEN', at: 'dn' }, (exchange) => {
      if (!first) return reset(exchange);
      first = false;
      return exchange.serve();
    });
    const got: number[] = [];
    const read = async (): Promise<void> => {
      for await (const piece of storage.read('/f')) got.push(piece.length);
    };
    await expect(read()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(got.length).toBeLessThanOrEqual(1);
  });
});

describe('rename, delete, mkdirs, checksum, blocks', () => {
  it('moves files and directories, never over something or into it', async () => {
    const { fake, storage } = await started();
    fake.tree.put('/d/f', text('a'));
    fake.tree.put('/g', text('g'));
    fake.tree.mkdirs('/dir', 'hdfs');
    await storage.rename('/d', '/e');
    expect(fake.tree.paths()).toEqual(['/dir', '/e', '/e/f', '/g']);
    for (const to of ['/g', '/dir']) await expect(storage.rename('/e/f', to)).rejects.toMatchObject({ code: 'EXISTS' });
    await expect(storage.rename('/x', '/y')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(storage.rename('/g', '/none/g')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(fake.tree.paths()).toEqual(['/dir', '/e', '/e/f', '/g']);
  });

  it('deletes, and says whether something was there', async () => {
    const { fake, storage } = await started();
    fake.tree.put('/d/f', text('a'));
    await expect(storage.delete('/d')).rejects.toMatchObject({ code: 'IO' });
    expect(await storage.delete('/d', { recursive: true })).toBe(true);
    expect(await storage.delete('/d', { recursive: true })).toBe(false);
    expect(await storage.delete('/d')).toBe(false);
  });

  it('makes directories, again too, but not over a file', async () => {
    const { fake, storage } = await started();
    await storage.mkdirs('/a/b');
    await storage.mkdirs('/a/b');
    fake.tree.put('/f', text(''));
    await expect(storage.mkdirs('/f')).rejects.toMatchObject({ code: 'EXISTS' });
  });

  it('gives checksums without their padding, and blocks by offset', async () => {
    const fake = await FakeWebHdfs.start({ dataNodes: 3, blockSize: 10 });
    const storage = fakeStorage(fake);
    fake.tree.put('/f', new Uint8Array(25));
    expect((await storage.checksum('/f')).digest).toHaveLength(32);
    expect((await storage.blocks('/f')).map(({ offset, length, hosts }) => [offset, length, hosts.length])).toEqual([
      [0, 10, 2],
      [10, 10, 2],
      [20, 5, 2],
    ]);
    fake.tree.put('/empty', new Uint8Array(0));
    expect(await storage.blocks('/empty')).toEqual([]);
    await expect(storage.blocks('/x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(storage.checksum('/x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('appends to what is there only', async () => {
    const { fake, storage } = await started();
    fake.tree.put('/f', text('a'));
    await storage.append('/f', made('b', 'c'));
    await storage.append('/f', [text('d')]);
    expect(fake.tree.file('/f').bytes.toString()).toBe('abcd');
    await expect(storage.append('/x/y', made('b'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(fake.tree.paths()).toEqual(['/f']);
  });
});

describe('delegation token', () => {
  it('goes with every request in place of the user', async () => {
    const fake = await FakeWebHdfs.start({ delegation: 'KAAKSm9i-_' });
    const storage = fakeStorage(fake, { delegationToken: 'KAAKSm9i-_', user: '' });
    await storage.write('/d/f', made('hello'));
    expect((await collect(storage.read('/d/f'))).toString()).toBe('hello');
    await storage.append('/d/f', text('!'));
    await storage.rename('/d/f', '/d/g');
    await storage.checksum('/d/g');
    await storage.blocks('/d/g');
    expect(await entries(storage.list('/d'))).toHaveLength(1);
    await storage.delete('/d', { recursive: true });
    for (const { parameters } of fake.seen) {
      expect(parameters['delegation']).toBe('KAAKSm9i-_');
      expect(parameters).not.toHaveProperty('user.name');
    }
    await expect(fakeStorage(fake).stat('/')).rejects.toMatchObject({
      code: 'PERMISSION',
      message: expect.stringMatching(/SecurityException: Failed to obtain user group information: no token/) as string,
    });
  });
});
