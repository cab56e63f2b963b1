/** swebhdfs on real daemons that speak HTTPS only. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Hadoop } from '../../src/hadoop/hadoop.js';
import { openStorage, type StorageOptions } from '../../src/storage/open-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { collect, entries, patterned } from '../fake-storage.js';
import { hadoopOrSkip, START_MS } from '../hadoop-fixture.js';

const start = await hadoopOrSkip();
const bytes = patterned(3_000_000);

describe.skipIf(!start)('a real Hadoop over HTTPS', { timeout: START_MS }, () => {
  let hadoop: Hadoop;
  const opened: Storage[] = [];
  const open = (options: StorageOptions, location = hadoop.url): Storage => {
    const { storage } = openStorage(location, options);
    opened.push(storage);
    return storage;
  };

  beforeAll(async () => {
    hadoop = await start!({ https: true, dataNodes: 1, replication: 1 });
  }, START_MS);
  afterAll(async () => {
    for (const each of opened) await each.close();
    await hadoop?.close();
  });

  it('does everything with the certificate that it is to trust', async () => {
    expect(hadoop.url).toMatch(/^swebhdfs:/);
    const storage = open({ ca: hadoop.ca });
    await storage.mkdirs('/d');
    await storage.write('/d/f', bytes);
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 10);
      yield bytes.subarray(10);
    }
    await storage.write('/d/g', stream());
    await storage.append('/d/g', bytes.subarray(0, 5));
    await storage.rename('/d/g', '/d/h');
    expect(Buffer.compare(await collect(storage.read('/d/f')), bytes)).toBe(0);
    const into = new Uint8Array(2_000_000);
    await storage.readInto('/d/h', into, { offset: 1_000_000 });
    expect(Buffer.compare(into, bytes.subarray(1_000_000))).toBe(0);
    expect((await storage.stat('/d/h')).length).toBe(bytes.length + 5);
    expect((await entries(storage.list('/d'))).map(({ name }) => name)).toEqual(['f', 'h']);
    await storage.checksum('/d/f');
    await storage.blocks('/d/f');
    expect(await storage.delete('/d', { recursive: true })).toBe(true);
  });

  it('is found by the policy in Hadoop’s configuration', async () => {
    const storage = open({ ca: hadoop.ca, hadoopConfDir: hadoop.confDir }, 'hdfs:///');
    expect(storage.root).toBe(hadoop.url);
    await storage.stat('/');
  });

  it('refuses a certificate that nobody vouches for, at once', async () => {
    const refused = {
      code: 'IO',
      retryable: false,
      message: expect.stringMatching(
        /^\w+ \w+:\S+: 127\.0\.0\.1:\d+: .*certificate; expected a certificate that is trusted$/,
      ) as string,
    };
    const storage = open({});
    await expect(storage.stat('/')).rejects.toMatchObject(refused);
    await expect(entries(storage.list('/'))).rejects.toMatchObject(refused);
    await expect(storage.write('/f', bytes, { overwrite: true })).rejects.toMatchObject(refused);
  });

  it('is not reached by HTTP', async () => {
    const location = hadoop.url.replace('swebhdfs:', 'webhdfs:');
    await expect(open({ deadlineMs: 300 }, location).stat('/')).rejects.toMatchObject({ name: 'LoaderError' });
  });
});
