import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  answer,
  answerLost,
  busy,
  denied,
  type Fault,
  quota,
  reset,
  safeMode,
  silent,
  standby,
  starting,
  unauthorized,
} from '../fake-faults.js';
import { collect, entries, fakeStorage, patterned } from '../fake-storage.js';
import { type FakeOptions, FakeWebHdfs } from '../fake-web-hdfs.js';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const HOURS = { deadlineMs: 1e7, firstDelayMs: 1, maxDelayMs: 4 };

async function started(o: FakeOptions = {}): Promise<{
  fake: FakeWebHdfs;
  storage: ReturnType<typeof fakeStorage>;
}> {
  const fake = await FakeWebHdfs.start(o);
  return { fake, storage: fakeStorage(fake) };
}

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
    const FileStatus = [fake.tree.status('/f', 'f')];
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
    const into = new Uint8Array(length);
    await storage.readInto('/f', into, { offset });
    expect(Buffer.compare(into, expected)).toBe(0);
    expect(storage.stats).toEqual({ localBytes: 0, remoteBytes: 2 * length, retries: 0 });
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

describe('write', () => {
  it('writes whole or in pieces, with block size and replication, and leaves nothing beside the file', async () => {
    const { fake, storage } = await started();
    expect(await storage.write('/d/whole', text('abc'), { blockSize: 1 << 20, replication: 1 })).toBe(3);
    expect(await storage.write('/d/array', [text('ab'), text('c')])).toBe(3);
    expect(await storage.write('/d/stream', made('ab', 'c'))).toBe(3);
    expect(await storage.write('/d/empty', new Uint8Array(0))).toBe(0);
    expect(await storage.write('/d/none', made())).toBe(0);
    expect(fake.tree.paths()).toEqual(['/d', '/d/array', '/d/empty', '/d/none', '/d/stream', '/d/whole']);
    const create = fake.seen.find(({ op, at }) => op === 'CREATE' && at === 'nn1')!;
    expect(create.parameters).toMatchObject({ blocksize: '1048576', replication: '1', overwrite: 'true' });
  });

  it('replaces only when told to', async () => {
    const { fake, storage } = await started();
    await storage.write('/f', text('old'));
    await expect(storage.write('/f', text('new'))).rejects.toMatchObject({
      code: 'EXISTS',
      message: expect.stringMatching(/\/f: expected no such file$/) as string,
    });
    expect(fake.tree.file('/f').bytes.toString()).toBe('old');
    await storage.write('/f', text('new'), { overwrite: true });
    expect(fake.tree.file('/f').bytes.toString()).toBe('new');
  });

  it('lets one of many writers win', async () => {
    const { fake, storage } = await started();
    const all = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => storage.write('/f', text(`${i}`))));
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const each of all) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'EXISTS' });
    expect(fake.tree.paths()).toEqual(['/f']);
  });

  it('leaves nothing when the data fails, or the signal comes', async () => {
    const { fake, storage } = await started();
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield text('ab');
      throw new Error('source broke');
    }
    await expect(storage.write('/f', failing())).rejects.toThrow('source broke');
    const stop = new AbortController();
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield text('ab');
      stop.abort(new Error('enough'));
      await new Promise(() => {});
    }
    await expect(storage.write('/f', stuck(), { signal: stop.signal })).rejects.toThrow('enough');
    expect(fake.tree.paths()).toEqual([]);
  });

  it('tells of a file that is shorter than what was written', async () => {
    const { fake, storage } = await started();
    fake.fault({ op: 'CREATE', at: 'dn' }, ({ request, response }) => {
      fake.tree.put(new URL(request.url!, 'http://x').pathname.slice('/webhdfs/v1'.length), text('a'));
      request.resume().once('end', () => response.writeHead(201).end());
    });
    await expect(storage.write('/f', text('abc'))).rejects.toMatchObject({
      code: 'TRUNCATED',
      message: expect.stringMatching(/\/f: wrote 3 bytes, the file has 1$/) as string,
    });
    expect(fake.tree.paths()).toEqual([]);
  });

  it.each([
    ['permission', denied, 'PERMISSION', /AccessControlException: Permission denied: user=eve/],
    ['quota', quota, 'QUOTA', /DSQuotaExceededException: The DiskSpace quota/],
    ['no credentials', unauthorized, 'PERMISSION', /HTTP status 401: Error 401 Authentication required; expected/],
  ])('names the reason: %s', async (_, fault, code, message) => {
    const { fake, storage } = await started();
    fake.fault({ op: 'CREATE' }, fault);
    await expect(storage.write('/f', text('abc'))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
    expect(fake.tree.paths()).toEqual([]);
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

describe('an answer that is lost after the work was done', () => {
  it.each([
    ['MKDIRS', (s: ReturnType<typeof fakeStorage>) => s.mkdirs('/new')],
    ['DELETE', async (s: ReturnType<typeof fakeStorage>) => expect(await s.delete('/f')).toBe(true)],
    ['RENAME', (s: ReturnType<typeof fakeStorage>) => s.rename('/f', '/g')],
    ['RENAME', (s: ReturnType<typeof fakeStorage>) => s.write('/f', text('new'), { overwrite: true })],
    ['RENAME', (s: ReturnType<typeof fakeStorage>) => s.write('/h', text('new'))],
    ['CREATE', async (s: ReturnType<typeof fakeStorage>) => expect(await s.write('/h', text('new'))).toBe(3)],
    ['CREATE', async (s: ReturnType<typeof fakeStorage>) => expect(await s.write('/h', made('ne', 'w'))).toBe(3)],
  ])('is no failure: %s', async (op, call) => {
    const { fake, storage } = await started();
    fake.tree.put('/f', text('old'));
    fake.fault({ op, at: op === 'CREATE' ? 'dn' : 'nn' }, answerLost, 1);
    await call(storage);
    for (const path of fake.tree.paths()) expect(path).not.toMatch(/partial/);
    const written = fake.tree.find('/h') ?? fake.tree.find('/f');
    if (op !== 'MKDIRS' && written) expect(written.bytes!.toString()).toBe('new');
  });

  it('is told of where it cannot be known: APPEND', async () => {
    const { fake, storage } = await started();
    fake.tree.put('/f', text('a'));
    fake.fault({ op: 'APPEND', at: 'dn' }, answerLost, 1);
    await expect(storage.append('/f', text('b'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/after 1 bytes, which may or may not be in the file: /) as string,
    });
    expect(fake.tree.file('/f').bytes.toString()).toBe('ab');
  });

  it('is not thought of where nothing was sent: DELETE of what is not there, behind a dead NameNode', async () => {
    const fake = await FakeWebHdfs.start({ nameNodes: 2 });
    await fake.stop('nn1');
    expect(await fakeStorage(fake).delete('/x')).toBe(false);
  });

  it('does not hide that a rename’s source is missing', async () => {
    const { fake, storage } = await started();
    fake.fault({ op: 'RENAME' }, reset, 1);
    await expect(storage.rename('/x', '/y')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('faults of the NameNode', () => {
  const passing: [string, Fault][] = [
    ['standby', standby],
    ['starting', starting],
    ['safe mode', safeMode],
    ['busy', busy],
    ['reset', reset],
  ];

  it.each(passing)('every operation outlasts two that are %s', async (_, fault) => {
    const { fake, storage } = await started();
    fake.tree.put('/f', text('hello'));
    const twice = (): void => fake.fault({ at: 'nn' }, fault, 2);
    twice();
    await storage.stat('/f');
    twice();
    expect(await entries(storage.list('/'))).toHaveLength(1);
    twice();
    expect((await collect(storage.read('/f'))).toString()).toBe('hello');
    twice();
    await storage.write('/g', text('x'));
    twice();
    await storage.write('/h', made('x'));
    twice();
    await storage.append('/g', text('y'));
    twice();
    await storage.rename('/g', '/i');
    twice();
    expect(await storage.delete('/h')).toBe(true);
    twice();
    await storage.mkdirs('/d');
    twice();
    await storage.checksum('/f');
    twice();
    await storage.blocks('/f');
    expect(fake.tree.paths()).toEqual(['/d', '/f', '/i']);
    expect(fake.tree.file('/i').bytes.toString()).toBe('xy');
  });

  it('a stream waits for the end of safe mode before it is begun', async () => {
    const { fake, storage } = await started();
    let begun = false;
    async function* stream(): AsyncGenerator<Uint8Array> {
      begun = true;
      yield text('x');
    }
    fake.fault(
      { op: 'MKDIRS' },
      (exchange) => {
        expect(begun).toBe(false);
        return safeMode(exchange);
      },
      3,
    );
    await storage.write('/d/f', stream());
    expect(fake.tree.file('/d/f').bytes.toString()).toBe('x');
  });

  it.each([
    ['safe mode', safeMode, 'SAFE_MODE'],
    ['standby', standby, 'UNAVAILABLE'],
    ['silence', silent, 'TIMEOUT'],
  ])('gives up on %s at the deadline, with one error that may be tried again', async (_, fault, code) => {
    const fake = await FakeWebHdfs.start();
    const storage = fakeStorage(fake, { retry: { ...HOURS, deadlineMs: 100 }, idleMs: 60 });
    fake.fault({}, fault);
    const failure = { code, retryable: true };
    await expect(storage.stat('/f')).rejects.toMatchObject(failure);
    await expect(storage.write('/f', text('x'))).rejects.toMatchObject(failure);
    await expect(collect(storage.read('/f'))).rejects.toMatchObject(failure);
  });
});

describe('a signal, and close', () => {
  type Call = (s: ReturnType<typeof fakeStorage>, signal?: AbortSignal) => Promise<unknown>;
  const calls: [string, Call][] = [
    ['stat', (s, signal) => s.stat('/f', { signal })],
    ['list', (s, signal) => entries(s.list('/', { signal }))],
    ['read', (s, signal) => collect(s.read('/f', { signal }))],
    ['readInto', (s, signal) => s.readInto('/f', new Uint8Array(5), { signal })],
    ['write', (s, signal) => s.write('/g', text('x'), { signal })],
    ['write of a stream', (s, signal) => s.write('/g', made('x'), { signal })],
    ['append', (s, signal) => s.append('/f', text('x'), { signal })],
    ['rename', (s, signal) => s.rename('/f', '/g', { signal })],
    ['delete', (s, signal) => s.delete('/f', { signal })],
    ['mkdirs', (s, signal) => s.mkdirs('/d', { signal })],
    ['checksum', (s, signal) => s.checksum('/f', { signal })],
    ['blocks', (s, signal) => s.blocks('/f', { signal })],
  ];
  const places: [string, { at: string }][] = [
    ['the NameNode', { at: 'nn' }],
    ['the DataNode', { at: 'dn' }],
  ];
  const both = calls.flatMap(([name, call]) => places.map(([place, match]) => [name, place, call, match] as const));
  const toDataNodes = /^(read|readInto|write|write of a stream|append|checksum)$/;

  it.each(both.filter(([name, place]) => place === 'the NameNode' || toDataNodes.test(name)))(
    '%s ends while %s is silent: with the signal’s reason, and with close()',
    async (_, __, call, match) => {
      const fake = await FakeWebHdfs.start();
      fake.tree.put('/f', text('hello'));
      fake.fault(match, silent);
      const patient = { retry: HOURS, idleMs: 1e6 };
      const storage = fakeStorage(fake, patient);
      const stop = new AbortController();
      let arrived = fake.arrival(match);
      const aborted = call(storage, stop.signal);
      await arrived;
      // What is tidied up after the failure is answered.
      fake.heal();
      stop.abort(new Error('enough'));
      await expect(aborted).rejects.toThrow('enough');

      fake.fault(match, silent);
      arrived = fake.arrival(match);
      const pending = call(storage);
      await Promise.all([
        expect(pending).rejects.toMatchObject({ code: 'IO', message: `${storage.root}: closed` }),
        arrived.then(() => storage.close()),
      ]);
      await expect(call(storage)).rejects.toThrow('closed');
      await fake.quiet();
    },
  );

  it('ends a wait between two tries', async () => {
    const fake = await FakeWebHdfs.start();
    fake.fault({}, starting);
    const storage = fakeStorage(fake, { retry: { deadlineMs: 1e9, firstDelayMs: 1e8, maxDelayMs: 1e8 } });
    const stop = new AbortController();
    const arrived = fake.arrival({});
    const asked = storage.stat('/', { signal: stop.signal });
    await arrived;
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
  });

  it('takes any number of calls at a time without a warning', async () => {
    const { fake, storage } = await started();
    fake.tree.put('/f', text('hello'));
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const { signal } = new AbortController();
    await Promise.all(
      Array.from({ length: 30 }, async (_, i) => {
        await storage.stat('/f', i % 2 ? { signal } : {});
        await collect(storage.read('/f', i % 2 ? { signal } : {}));
      }),
    );
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });

  it('closes twice', async () => {
    const { storage } = await started();
    await storage.close();
    await storage.close();
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

async function* made(...words: string[]): AsyncGenerator<Uint8Array> {
  for (const each of words) yield text(each);
}
