/** Writing through HdfsStorage, and its failures: the operations are tested in hdfs-storage.test.ts. */
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
import { collect, entries, fakeStorage, HOURS, made, started, text } from '../fake-storage.js';
import { FakeWebHdfs } from '../fake-web-hdfs.js';

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

  it('names the file that was asked for, not the temporary one', async () => {
    const { fake, storage } = await started();
    for (const op of ['CREATE', 'RENAME']) {
      fake.heal();
      fake.fault({ op }, denied);
      await expect(storage.write('/d/f', text('x'))).rejects.toMatchObject({
        message: expect.stringMatching(new RegExp(`^${op} hdfs:\\S+/d/f: AccessControlException`)) as string,
      });
    }
    fake.heal();
    fake.fault({ op: 'CREATE', at: 'dn' }, answer(''));
    await expect(storage.write('/d/f', text('x'))).rejects.toMatchObject({
      code: 'TRUNCATED',
      message: expect.stringMatching(/\/d\/f: wrote 1 bytes, the file has 0$/) as string,
    });
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
