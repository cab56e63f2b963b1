import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreprocessReport, RunReport } from '@weft/cluster';
import { openDataset, openStorage, type Storage } from '@weft/hdfs-loader';
import type { Hadoop } from '@weft/hdfs-loader/hadoop';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hadoopOrSkip, START_MS } from '../packages/hdfs-loader/test/hadoop-fixture.js';
import { allEnded, type Command, cluster, type Ended, startedPids } from './cluster-command.js';
import { writeIdxImages } from './idx-images.js';

const startHadoop = await hadoopOrSkip();
const TRAIN = 2000;
const TEST = 300;
const STEPS = 'crop=24,minmax,standardize,reshape=24x24x1';

describe.skipIf(!startHadoop)('cluster preprocess on HDFS', { timeout: 180_000 }, () => {
  let hadoop: Hadoop;
  let storage: Storage;
  let dir = '';
  let hosts = '';
  let source = '';

  beforeAll(async () => {
    hadoop = await startHadoop!();
    ({ storage } = openStorage(hadoop.url));
    dir = mkdtempSync(join(tmpdir(), 'weft-preprocess-hdfs-'));
    mkdirSync(join(dir, 'tmp'));
    hosts = join(dir, 'hosts.txt');
    // Two hosts of one machine, as the DataNodes are.
    writeFileSync(hosts, '127.0.1.1\n127.0.1.2\n');
    writeIdxImages(join(dir, 'images'), { train: TRAIN, test: TEST });
    source = `${hadoop.url}/data/small images`;
    const ingested = await run(['ingest', join(dir, 'images'), source, '--shard-size', '78KiB']).ended;
    if (ingested.status !== 0) throw new Error(ingested.stderr);
  }, START_MS);

  afterAll(async () => {
    await storage?.close();
    await hadoop?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const run = (words: readonly string[]): Command =>
    cluster(words, { WEFT_DATA_DIR: join(dir, 'data'), TMPDIR: join(dir, 'tmp') });
  const preprocess = (to: string, ...flags: string[]): Command =>
    run(['preprocess', source, to, '--steps', STEPS, '--threads', '1', ...flags]);

  async function names(path: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { name } of storage.list(path)) found.push(name);
    return found.toSorted((a, b) => a.localeCompare(b));
  }

  it('makes there what start trains on, over two hosts, and leaves nothing else', async () => {
    const to = `${hadoop.url}/data/cropped`;
    const { status, stdout, stderr } = await preprocess(to, '--hosts', hosts, '--json').ended;
    expect([status, stderr.includes('error: ')]).toEqual([0, false]);
    const report = JSON.parse(stdout) as PreprocessReport;
    expect(report).toMatchObject({ workers: 2, inputShape: [24, 24, 1], samples: { train: TRAIN, test: TEST } });
    expect(await names('/data')).toEqual(['cropped', 'small images']);
    const files = await names('/data/cropped');
    expect(files.slice(0, 3)).toEqual(['manifest.json', 'preprocessing.safetensors', 'report.html']);
    expect(readdirSync(join(dir, 'tmp'))).toEqual([]);
    const trained: Ended = await run([
      ...['start', '--dataset', to, '--hosts', hosts, '--batch-size', '32', '--epochs', '2'],
      ...['--run-dir', join(dir, 'run'), '--json'],
    ]).ended;
    expect(trained.status).toBe(0);
    expect((JSON.parse(trained.stdout) as RunReport).testAccuracy).toBeGreaterThan(0.9);
  });

  it('goes on after kill -9 with another number of workers, also into files', async () => {
    for (const to of [`${hadoop.url}/data/again`, join(dir, 'again')]) {
      const killed = preprocess(to);
      const pids = await startedPids(killed);
      await killed.seen(/^standardize fitted in/m);
      killed.child.kill('SIGKILL');
      await killed.ended;
      await allEnded(pids);
      const one = join(dir, 'one.txt');
      writeFileSync(one, 'localhost\n');
      const { status, stdout, stderr } = await preprocess(to, '--hosts', one, '--json').ended;
      expect([status, stderr.includes('fitted in')]).toEqual([0, false]);
      expect((JSON.parse(stdout) as PreprocessReport).workers).toBe(1);
      const opened = await openDataset(to);
      const { inputs } = await opened.subset('train').load();
      expect(inputs).toHaveLength(TRAIN * 24 * 24);
      await opened.close();
    }
  });

  it('says in one line what is not there, or in the way', async () => {
    const cases: [string[], RegExp][] = [
      [
        [`${hadoop.url}/data/none`, `${hadoop.url}/x`],
        /^error: SRC .*\/data\/none\/manifest\.json: no such file.*ingest/m,
      ],
      [[source, source], /^error: .*small images: expected no such folder, or an empty one; --overwrite/m],
      [[source, `${hadoop.url}/private/x`, '--hdfs-user', 'stranger'], /^error: .*ermission/m],
    ];
    for (const [words, message] of cases) {
      const { status, stdout, stderr } = await run(['preprocess', ...words, '--steps', STEPS]).ended;
      expect([status === 0, stdout]).toEqual([false, '']);
      expect(stderr).toMatch(message);
    }
  });

  it('fails in one line when the storage goes', async () => {
    const running = preprocess(`${hadoop.url}/data/lost`);
    const pids = await startedPids(running);
    await hadoop.close();
    const { status, stderr } = await running.ended;
    expect(status).toBe(1);
    expect(stderr.split('\n').filter((line) => line.startsWith('error: '))).toHaveLength(1);
    await allEnded(pids);
  });
});
