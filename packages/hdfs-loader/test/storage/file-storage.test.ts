import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileStorage } from '../../src/storage/file-storage.js';
import { collect, entries, patterned } from '../fake-storage.js';
import { scratchFolder } from '../scratch-folder.js';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

function scratch(): { storage: ReturnType<typeof fileStorage>; dir: string; at: (name: string) => string } {
  const dir = scratchFolder();
  return { storage: fileStorage(), dir, at: (name) => join(dir, name) };
}

describe('stat and list', () => {
  it('says what a file and a directory are', async () => {
    const { storage, dir, at } = scratch();
    writeFileSync(at('a b'), 'hello', { mode: 0o640 });
    expect(await storage.stat(at('a b'))).toMatchObject({
      path: at('a b'),
      name: 'a b',
      type: 'file',
      length: 5,
      permission: '640',
      replication: 1,
    });
    expect(await storage.stat(dir)).toMatchObject({ type: 'directory', length: 0 });
    expect((await storage.stat('/')).name).toBe('');
  });

  it('lists names of every kind, and passes over links that lead nowhere', async () => {
    const { storage, dir, at } = scratch();
    const names = [' ', '%20', 'a+b', '#', 'x?y&z', 'ü', '😀', 'dot.', '.hidden'];
    for (const name of names) writeFileSync(at(name), '');
    symlinkSync(at('nowhere'), at('link'));
    mkdirSync(at('sub'));
    const listed = await entries(storage.list(dir));
    expect(new Set(listed.map(({ name }) => name))).toEqual(new Set([...names, 'sub']));
    expect(listed.find(({ name }) => name === 'sub')).toMatchObject({ type: 'directory', path: at('sub') });
  });

  it('names what is missing', async () => {
    const { storage, at } = scratch();
    await expect(storage.stat(at('x'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(at('x')) as string,
    });
    await expect(entries(storage.list(at('x')))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    writeFileSync(at('f'), '');
    await expect(entries(storage.list(at('f')))).rejects.toMatchObject({ code: 'IO' });
  });
});

describe('read and readInto', () => {
  const bytes = patterned(3 * (1 << 20) + 17);

  it.each([
    [0, undefined],
    [0, 0],
    [1, 5],
    [(1 << 20) - 1, 2],
    [bytes.length, 0],
    [bytes.length - 1, undefined],
  ])('gives the range from %i: %s bytes', async (offset, length) => {
    const { storage, at } = scratch();
    writeFileSync(at('f'), bytes);
    const expected = bytes.subarray(offset, length === undefined ? undefined : offset + length);
    const options = { offset, ...(length === undefined ? {} : { length }) };
    expect(Buffer.compare(await collect(storage.read(at('f'), options)), expected)).toBe(0);
    const into = new Uint8Array(expected.length);
    await storage.readInto(at('f'), into, { offset });
    expect(Buffer.compare(into, expected)).toBe(0);
    expect(storage.stats).toEqual({ localBytes: 2 * expected.length, remoteBytes: 0, retries: 0 });
  });

  it('reads nothing of an empty file', async () => {
    const { storage, at } = scratch();
    writeFileSync(at('f'), '');
    expect(await collect(storage.read(at('f')))).toHaveLength(0);
    await storage.readInto(at('f'), new Uint8Array(0));
  });

  it('refuses a range that leaves the file, a directory, and what is not there', async () => {
    const { storage, dir, at } = scratch();
    writeFileSync(at('f'), 'hello');
    await expect(collect(storage.read(at('f'), { offset: 2, length: 4 }))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `${at('f')}: expected a range within its 5 bytes, got 4 bytes from byte 2`,
    });
    await expect(storage.readInto(at('f'), new Uint8Array(6))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(collect(storage.read(dir))).rejects.toMatchObject({
      code: 'IO',
      message: `${dir}: expected a file, got a directory`,
    });
    await expect(storage.readInto(dir, new Uint8Array(0))).rejects.toMatchObject({ code: 'IO' });
    await expect(collect(storage.read(at('x')))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('tells of a file that was cut while it was read', async () => {
    const { storage, at } = scratch();
    writeFileSync(at('f'), bytes);
    const read = storage.read(at('f'))[Symbol.asyncIterator]();
    await read.next();
    writeFileSync(at('f'), bytes.subarray(0, (1 << 20) + 5));
    await expect(read.next()).rejects.toMatchObject({
      code: 'TRUNCATED',
      message: `${at('f')}: expected 2097152 bytes, got 1048581`,
    });
  });

  it('ends with the signal between two pieces', async () => {
    const { storage, at } = scratch();
    writeFileSync(at('f'), bytes);
    const stop = new AbortController();
    const read = storage.read(at('f'), { signal: stop.signal })[Symbol.asyncIterator]();
    await read.next();
    stop.abort(new Error('enough'));
    await expect(read.next()).rejects.toThrow('enough');
  });
});

describe('write', () => {
  it('makes directories, takes pieces, and leaves nothing beside the file', async () => {
    const { storage, at } = scratch();
    expect(await storage.write(at('a/b/f'), [text('ab'), text('c')])).toBe(3);
    expect(readFileSync(at('a/b/f'), 'utf8')).toBe('abc');
    expect(readdirSync(at('a/b'))).toEqual(['f']);
    expect(await storage.write(at('empty'), new Uint8Array(0))).toBe(0);
    expect(await storage.write(at('made'), pieces(text('x'), text('y')))).toBe(2);
  });

  it('replaces only when told to', async () => {
    const { storage, at } = scratch();
    await storage.write(at('f'), text('old'));
    await expect(storage.write(at('f'), text('new'))).rejects.toMatchObject({
      code: 'EXISTS',
      message: `${at('f')}: expected no such file`,
    });
    expect(readFileSync(at('f'), 'utf8')).toBe('old');
    await storage.write(at('f'), text('new'), { overwrite: true });
    expect(readFileSync(at('f'), 'utf8')).toBe('new');
  });

  it('lets one of many writers win', async () => {
    const { storage, dir, at } = scratch();
    const all = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => storage.write(at('f'), pieces(text(`${i}`)))),
    );
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const each of all) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'EXISTS' });
    expect(readdirSync(dir)).toEqual(['f']);
  });

  it('leaves nothing when the data fails, the signal comes, or the path cannot be', async () => {
    const { storage, dir, at } = scratch();
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield text('ab');
      throw new Error('source broke');
    }
    await expect(storage.write(at('f'), failing())).rejects.toThrow('source broke');
    const stop = new AbortController();
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield text('ab');
      stop.abort(new Error('enough'));
      await new Promise(() => {});
    }
    await expect(storage.write(at('f'), stuck(), { signal: stop.signal })).rejects.toThrow('enough');
    expect(readdirSync(dir)).toEqual([]);
    writeFileSync(at('file'), '');
    await expect(storage.write(at('file/below'), text(''))).rejects.toMatchObject({ name: 'LoaderError' });
    await expect(storage.write(dir, text(''), { overwrite: true })).rejects.toMatchObject({ code: 'IO' });
    expect(readdirSync(dir)).toEqual(['file']);
  });

  it('takes the longest name that there is', async () => {
    const { storage, at } = scratch();
    await storage.write(at('n'.repeat(255)), text('x'));
    await expect(storage.write(at('n'.repeat(256)), text('x'))).rejects.toMatchObject({ code: 'IO' });
  });
});

describe('append, rename, delete, mkdirs', () => {
  it('appends to what is there only', async () => {
    const { storage, at } = scratch();
    await storage.write(at('f'), text('a'));
    await storage.append(at('f'), pieces(text('b'), text('c')));
    expect(readFileSync(at('f'), 'utf8')).toBe('abc');
    await expect(storage.append(at('x'), text('a'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(existsSync(at('x'))).toBe(false);
  });

  it('moves files and directories, never over something', async () => {
    const { storage, at } = scratch();
    await storage.write(at('d/f'), text('a'));
    await storage.rename(at('d'), at('e'));
    expect(existsSync(at('e/f'))).toBe(true);
    await storage.write(at('g'), text('g'));
    await expect(storage.rename(at('e/f'), at('g'))).rejects.toMatchObject({ code: 'EXISTS' });
    await expect(storage.rename(at('x'), at('y'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(storage.rename(at('g'), at('none/g'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('deletes, and says whether something was there', async () => {
    const { storage, at } = scratch();
    await storage.write(at('d/f'), text('a'));
    await expect(storage.delete(at('d'))).rejects.toMatchObject({ code: 'IO' });
    expect(await storage.delete(at('d/f'))).toBe(true);
    expect(await storage.delete(at('d'))).toBe(true);
    expect(await storage.delete(at('d'))).toBe(false);
    expect(await storage.delete(at('d'), { recursive: true })).toBe(false);
    await storage.write(at('d/e/f'), text('a'));
    expect(await storage.delete(at('d'), { recursive: true })).toBe(true);
  });

  it('deletes a link, not what it leads to', async () => {
    const { storage, at } = scratch();
    await storage.write(at('d/f'), text('a'));
    symlinkSync(at('d'), at('link'));
    symlinkSync(at('nowhere'), at('dangling'));
    expect(await storage.delete(at('link'))).toBe(true);
    expect(await storage.delete(at('dangling'))).toBe(true);
    expect(existsSync(at('d/f'))).toBe(true);
  });

  it('makes directories, again too, but not over a file', async () => {
    const { storage, at } = scratch();
    await storage.mkdirs(at('a/b'));
    await storage.mkdirs(at('a/b'));
    await storage.write(at('f'), text(''));
    await expect(storage.mkdirs(at('f'))).rejects.toMatchObject({ code: 'EXISTS' });
    // At once, with parents in common.
    await Promise.all(Array.from({ length: 40 }, (_, i) => storage.mkdirs(at(`p/q/r/${i % 8}/${i}`))));
  });
});

describe('checksum and blocks', () => {
  it('is the SHA-256 of the file', async () => {
    const { storage, at } = scratch();
    const bytes = patterned(3_000_000);
    writeFileSync(at('f'), bytes);
    const digest = createHash('sha256').update(bytes).digest('hex');
    expect(await storage.checksum(at('f'))).toEqual({ algorithm: 'SHA-256', digest });
  });

  it('is one block, on this host; none of an empty file', async () => {
    const { storage, at } = scratch();
    writeFileSync(at('f'), 'hello');
    expect(await storage.blocks(at('f'))).toEqual([{ offset: 0, length: 5, hosts: [hostname()], names: [] }]);
    writeFileSync(at('empty'), '');
    expect(await storage.blocks(at('empty'))).toEqual([]);
    await expect(storage.blocks(at('x'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

it('begins nothing under a signal that has been given', async () => {
  const { storage, at } = scratch();
  const signal = AbortSignal.abort(new Error('enough'));
  writeFileSync(at('f'), 'x');
  const all: (() => Promise<unknown>)[] = [
    () => storage.stat(at('f'), { signal }),
    () => entries(storage.list(at('.'), { signal })),
    () => collect(storage.read(at('f'), { signal })),
    () => storage.readInto(at('f'), new Uint8Array(1), { signal }),
    () => storage.write(at('g'), text(''), { signal }),
    () => storage.append(at('f'), text('y'), { signal }),
    () => storage.rename(at('f'), at('g'), { signal }),
    () => storage.delete(at('f'), { signal }),
    () => storage.mkdirs(at('d'), { signal }),
    () => storage.checksum(at('f'), { signal }),
    () => storage.blocks(at('f'), { signal }),
  ];
  for (const call of all) await expect(call()).rejects.toThrow('enough');
  expect(readdirSync(at('.'))).toEqual(['f']);
  await storage.close();
});
