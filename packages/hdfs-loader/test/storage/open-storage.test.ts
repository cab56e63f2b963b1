import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hostsOfThisMachine, openStorage, type StorageOptions } from '../../src/storage/open-storage.js';
import { safeModeOfGateway } from '../fake-faults.js';
import { collect, entries, patterned } from '../fake-storage.js';
import { FakeWebHdfs } from '../fake-web-hdfs.js';
import { scratchFolder } from '../scratch-folder.js';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

function opened(location: string, options: StorageOptions = {}): ReturnType<typeof openStorage> {
  const result = openStorage(location, options);
  onTestFinished(() => result.storage.close());
  return result;
}

describe('openStorage', () => {
  it('is the file system of this machine', () => {
    expect(opened('data')).toMatchObject({ storage: { root: 'file:' }, path: resolve('data') });
  });

  it.each([
    ['hdfs://nn/a b', 'hdfs://nn:9870', '/a b'],
    ['webhdfs://nn:1,nn2', 'hdfs://nn:1,nn2:9870', '/'],
    ['swebhdfs://[::1]/a', 'swebhdfs://[::1]:9871', '/a'],
  ])('%s', (location, root, path) => {
    const { storage, ...rest } = opened(location);
    expect([storage.root, rest.path]).toEqual([root, path]);
  });

  it('looks a logical name up in Hadoop’s configuration', () => {
    const dir = scratchFolder();
    const property = (name: string, value: string) =>
      `<property><name>${name}</name><value>${value}</value></property>`;
    writeFileSync(
      join(dir, 'hdfs-site.xml'),
      `<configuration>${property('dfs.ha.namenodes.ns', 'a')}${property('dfs.namenode.http-address.ns.a', 'nn:1')}</configuration>`,
    );
    expect(opened('hdfs://ns/x', { hadoopConfDir: dir }).storage.root).toBe('hdfs://nn:1');
  });

  it.each([
    ['deadlineMs', 0],
    ['idleMs', -1],
    ['readAheadBytes', 1.5],
    ['concurrency', Number.NaN],
  ])('refuses %s of %d', (name, value) => {
    expect(() => openStorage('hdfs://nn/', { [name]: value })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: `${name}: expected a whole number above 0, got ${value}`,
      }),
    );
  });

  it('is the user that it is told, or the token’s', async () => {
    const fake = await FakeWebHdfs.start();
    await opened(fake.url, { user: 'ann' }).storage.mkdirs('/a');
    await opened(fake.url, { user: 'ann', delegationToken: 'AAAA' }).storage.mkdirs('/b');
    expect(fake.seen.map(({ parameters }) => [parameters['user.name'], parameters['delegation']])).toEqual([
      ['ann', undefined],
      [undefined, 'AAAA'],
    ]);
  });

  it('counts bytes by where they came from', async () => {
    const fake = await FakeWebHdfs.start();
    fake.tree.put('/f', text('hello'));
    const near = opened(fake.url).storage;
    await collect(near.read('/f'));
    expect(near.stats).toMatchObject({ localBytes: 5, remoteBytes: 0 });
    const far = opened(fake.url, { localHosts: ['elsewhere'] }).storage;
    await collect(far.read('/f'));
    expect(far.stats).toMatchObject({ localBytes: 0, remoteBytes: 5 });
  });

  it('knows this machine by its names and addresses', () => {
    expect(hostsOfThisMachine()).toEqual(expect.arrayContaining([hostname(), 'localhost', '127.0.0.1']) as string[]);
  });
});

describe('HttpFS', () => {
  it('does everything, by itself', async () => {
    const fake = await FakeWebHdfs.start({ httpFs: true });
    const { storage } = opened(fake.url);
    const bytes = patterned(700_000);
    expect(await storage.write('/d/f', bytes)).toBe(bytes.length);
    await storage.append('/d/f', [text('+')]);
    expect(await entries(storage.list('/d'))).toHaveLength(1);
    const expected = Buffer.concat([bytes, text('+')]);
    expect(Buffer.compare(await collect(storage.read('/d/f')), expected)).toBe(0);
    const into = new Uint8Array(300_000);
    await storage.readInto('/d/f', into, { offset: 400_000 });
    expect(Buffer.compare(into, expected.subarray(400_000, 700_000))).toBe(0);
    await storage.checksum('/d/f');
    // What it does not know is an error where that is asked for itself.
    await expect(storage.blocks('/d/f')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('waits out safe mode, which it calls an internal error', async () => {
    const fake = await FakeWebHdfs.start({ httpFs: true });
    fake.fault({}, safeModeOfGateway, 2);
    await opened(fake.url).storage.write('/f', text('x'));
    fake.fault({}, safeModeOfGateway);
    await expect(opened(fake.url, { deadlineMs: 50 }).storage.mkdirs('/d')).rejects.toMatchObject({
      code: 'SAFE_MODE',
    });
  });

  it('replaces, and refuses to, though it knows no rename options', async () => {
    const fake = await FakeWebHdfs.start({ httpFs: true });
    const { storage } = opened(fake.url);
    await storage.write('/f', text('old'));
    await storage.write('/f', text('new'), { overwrite: true });
    expect(fake.tree.file('/f').bytes.toString()).toBe('new');
    await storage.write('/d/g', text('g'));
    await expect(storage.rename('/f', '/d')).rejects.toMatchObject({ code: 'EXISTS' });
    await expect(storage.rename('/f', '/d/g')).rejects.toMatchObject({ code: 'EXISTS' });
    await expect(storage.rename('/x', '/y')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(storage.rename('/f', '/none/f')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(fake.tree.paths()).toEqual(['/d', '/d/g', '/f']);
  });
});
