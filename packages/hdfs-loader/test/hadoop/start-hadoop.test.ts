import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Hadoop } from '../../src/hadoop/hadoop.js';
import { openStorage } from '../../src/storage/open-storage.js';
import type { Storage } from '../../src/storage/storage.js';
import { hadoopOrSkip, START_MS } from '../hadoop-fixture.js';
import { allEnded } from './processes.js';

const start = await hadoopOrSkip();
const content = new Uint8Array(3_000_000).map((_, i) => i % 251);

async function readAll(storage: Storage, path: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of storage.read(path)) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe.skipIf(!start)('a Hadoop with three DataNodes', { timeout: START_MS }, () => {
  let hadoop: Hadoop;
  let storage: Storage;

  beforeAll(async () => {
    hadoop = await start!();
    ({ storage } = openStorage(hadoop.url));
  }, START_MS);
  afterAll(async () => {
    await storage?.close();
    await hadoop?.close();
  });

  it('keeps two copies of each block, on hosts of different names', async () => {
    await storage.write('/in/a file', content);
    const blocks = await storage.blocks('/in/a file');
    expect(blocks.map(({ length }) => length)).toEqual([1 << 20, 1 << 20, content.length - (2 << 20)]);
    const hosts = new Set(hadoop.dataNodes.map(({ host }) => host));
    for (const block of blocks) {
      expect(new Set(block.hosts).size).toBe(2);
      for (const host of block.hosts) expect(hosts).toContain(host);
    }
  });

  it('answers plain WebHDFS', async () => {
    const [{ host, httpPort }] = hadoop.nameNodes as [Hadoop['nameNodes'][number]];
    const answer = await fetch(`http://${host}:${httpPort}/webhdfs/v1/in/a%20file?op=OPEN&offset=1000000&length=100`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(content.subarray(1_000_000, 1_000_100))).toBe(true);
  });

  it('loses nothing with a DataNode that is killed, and takes it back', async () => {
    const [first] = hadoop.dataNodes;
    const { pid, httpPort } = first!;
    await first?.kill('SIGKILL');
    await allEnded([pid]);
    expect((await readAll(storage, '/in/a file')).equals(content)).toBe(true);
    await first?.start();
    expect(first?.pid).not.toBe(pid);
    expect(first?.httpPort).toBe(httpPort);
  });

  it('keeps its files over a restart of the NameNode', async () => {
    const [nameNode] = hadoop.nameNodes;
    await nameNode?.stop();
    await nameNode?.start();
    await hadoop.ready();
    expect((await readAll(storage, '/in/a file')).equals(content)).toBe(true);
  });

  it('refuses to write in safe mode', async () => {
    await hadoop.safeMode('enter');
    const { storage: hasty } = openStorage(hadoop.url, { deadlineMs: 5_000 });
    await expect(hasty.write('/in/other', content)).rejects.toMatchObject({ code: 'SAFE_MODE' });
    await hasty.close();
    await hadoop.safeMode('leave');
    await hadoop.ready();
  });

  it('runs Hadoop’s own tools, and says why one failed', async () => {
    const admin = 'org.apache.hadoop.hdfs.tools.DFSAdmin';
    expect(await hadoop.command(admin, ['-report'])).toContain('Live datanodes (3)');
    await expect(hadoop.command(admin, ['-nonsense'])).rejects.toThrow(
      /^org.apache.hadoop.hdfs.tools.DFSAdmin -nonsense: /,
    );
  });

  it('leaves no process and no folder', async () => {
    const pids = [...hadoop.nameNodes, ...hadoop.dataNodes].map(({ pid }) => pid);
    await Promise.all([hadoop.close(), hadoop.close()]);
    await allEnded(pids);
    await expect(readdir(hadoop.confDir)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe.skipIf(!start)('startHadoop', { timeout: START_MS }, () => {
  it('says what a daemon logged that ends, and leaves nothing', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'weft-loader-'));
    try {
      const starting = start!({ dir, dataNodes: 1, properties: { 'dfs.datanode.data.dir.perm': 'nonsense' } });
      await expect(starting).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: expect.stringMatching(/^Hadoop's dn1 ended: ERROR DataNode: .+nonsense/) as string,
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('names a port that is taken', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    );
    await expect(start!({ httpPort: port })).rejects.toMatchObject({ code: 'EXISTS' });
    server.close();
  });
});
