import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { dataHome } from '@weft/hdfs-loader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localDown, localUp, type UpOptions, type UpResult } from '../../src/hadoop/local-hadoop.js';
import { localStatus } from '../../src/hadoop/local-status.js';
import { prepareHadoop } from '../../src/hadoop/prepare.js';
import { openStorage } from '../../src/storage/open-storage.js';
import { hadoopOrSkip, START_MS } from '../hadoop-fixture.js';
import { allEnded } from './processes.js';

const start = await hadoopOrSkip();
const content = new TextEncoder().encode('weft');

describe.skipIf(!start)('a Hadoop that outlives its starter', { timeout: START_MS }, () => {
  let dir: string;
  let first: UpResult;
  const notices: string[] = [];

  const up = (options: Partial<UpOptions> = {}): Promise<UpResult> =>
    localUp({
      dir,
      prepare: () =>
        prepareHadoop({
          dataHome: dataHome(process.env),
          javaHome: process.env['JAVA_HOME'],
          searchPath: process.env['PATH'],
        }),
      onNotice: (line) => notices.push(line),
      ...options,
    });
  const pids = async (): Promise<number[]> => (await localStatus(dir)).daemons.map(({ pid }) => pid ?? 0);

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'weft-loader-'));
    // 0: free ports, where users have the known ones.
    const free = { httpPort: 0, rpcPort: 0 };
    const ups = await Promise.all([up(free), up(free)]);
    first = ups[0]!;
    expect(ups.filter(({ already }) => already)).toHaveLength(1);
  }, START_MS);
  afterAll(async () => {
    await localDown({ dir });
    await rm(dir, { recursive: true, force: true });
  }, START_MS);

  it('is started once by two at once, and tells of itself', async () => {
    expect(notices.filter((line) => line.startsWith('formatting '))).toHaveLength(1);
    const status = await localStatus(dir);
    expect(status).toMatchObject({ up: true, url: first.url, defaultFs: first.defaultFs });
    expect(status.fileSystem).toMatchObject({ liveDataNodes: 1, safeMode: false });
    expect(status.daemons.map(({ id }) => id)).toEqual(['nn1', 'dn1']);
    for (const daemon of status.daemons) expect(daemon.memoryBytes).toBeGreaterThan(10_000_000);
  });

  it('refuses to be another while it is up', async () => {
    await expect(up({ dataNodes: 2 })).rejects.toMatchObject({
      code: 'EXISTS',
      message: 'Hadoop is up with dataNodes 1: end it before it gets 2',
    });
  });

  it('keeps its data and its settings over down and up, and starts what has died', async () => {
    const { storage } = openStorage(first.url);
    await storage.write('/kept', content);
    await storage.close();
    const before = await pids();
    expect(await localDown({ dir })).toBe(2);
    await allEnded(before);
    expect(await localDown({ dir })).toBe(0);
    expect(await localStatus(dir)).toMatchObject({ up: false, fileSystem: null });
    const second = await up({ dataNodes: 2 });
    expect(second.already).toBe(false);
    expect(notices.filter((line) => line.startsWith('formatting '))).toHaveLength(1);

    const [nameNode, dataNode] = await pids();
    process.kill(dataNode!, 'SIGKILL');
    await allEnded([dataNode!]);
    expect(await localStatus(dir)).toMatchObject({ up: false });
    const third = await up();
    expect(third.settings.dataNodes).toBe(2);
    await allEnded([nameNode!]);
    const { storage: again } = openStorage(third.url);
    expect((await again.stat('/kept')).length).toBe(4);
    await again.close();
  });

  it('is not made smaller than its data', async () => {
    await localDown({ dir });
    await expect(up({ dataNodes: 1 })).rejects.toThrow('at least 2 DataNodes expected, whose data is there, got 1');
  });
});

describe('a Hadoop that never was', () => {
  it('is down', async () => {
    const dir = join(tmpdir(), 'weft-there-is-none');
    expect(await localDown({ dir })).toBe(0);
    expect(await localStatus(dir)).toEqual({
      up: false,
      dir,
      url: null,
      defaultFs: null,
      daemons: [],
      fileSystem: null,
    });
    expect(existsSync(dir)).toBe(false);
  });
});
