import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreprocessReport, RunReport } from '@weft/cluster';
import { openDataset, openStorage, type Storage } from '@weft/hdfs-loader';
import type { Hadoop } from '@weft/hdfs-loader/hadoop';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hadoopOrSkip, START_MS } from '../packages/hdfs-loader/test/hadoop-fixture.js';
import { allEnded, type Command, cluster, type Ended, startedPids } from './cluster-command.js';

const startHadoop = await hadoopOrSkip();
const IMAGES = 1000;
const STEPS = 'grayscale,resize=32,pca=64,standardize,reshape=8x8x1';

/** Two of one machine, as the DataNodes are. */
const HOSTS = ['127.0.1.1', '127.0.1.2'];

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
    source = `${hadoop.url}/data/small images`;
    const photographs = join(dir, 'photographs');
    for (const words of [
      ['data', 'synthesize', 'deep-fashion', '--images', String(IMAGES), '--out', photographs],
      ['ingest', photographs, source, '--image-size', '48', '--shard-size', '700KiB'],
    ]) {
      const { status, stderr } = await run(words).ended;
      if (status !== 0) throw new Error(stderr);
    }
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

  it.each([
    ['one', 1],
    ['two', 2],
  ])('makes there what start trains on with %s of its hosts, and leaves nothing else', async (name, workers) => {
    const to = `${hadoop.url}/data/${name}`;
    writeFileSync(hosts, HOSTS.slice(0, workers).join('\n'));
    const { status, stdout, stderr } = await preprocess(to, '--hosts', hosts, '--json').ended;
    expect([status, stderr.includes('error: ')]).toEqual([0, false]);
    const report = JSON.parse(stdout) as PreprocessReport;
    expect(report).toMatchObject({ workers, inputShape: [8, 8, 1], classes: 46, pca: { components: 64 } });
    expect(report.samples.train + report.samples.test).toBe(IMAGES);
    expect(report.testError!.varianceLost).toBeLessThan(0.3);
    expect((await names('/data')).filter((file) => file.startsWith('.'))).toEqual([]);
    const files = await names(`/data/${name}`);
    expect(files.slice(0, 3)).toEqual(['manifest.json', 'preprocessing.safetensors', 'report.html']);
    expect(readdirSync(join(dir, 'tmp'))).toEqual([]);
    const trained: Ended = await run([
      ...['start', '--dataset', to, '--hosts', hosts, '--batch-size', '16', '--epochs', '8'],
      ...['--run-dir', join(dir, `run-${name}`), '--json'],
    ]).ended;
    expect(trained.status).toBe(0);
    const { testAccuracy } = JSON.parse(trained.stdout) as RunReport;
    const opened = await openDataset(to);
    const { samples, perClass } = opened.manifest.subsets.test;
    await opened.close();
    expect(testAccuracy).toBeGreaterThan((2 * Math.max(...perClass)) / samples);
  });

  it('goes on after kill -9 with another number of workers, also into files', async () => {
    for (const to of [`${hadoop.url}/data/again`, join(dir, 'again')]) {
      const killed = preprocess(to);
      const pids = await startedPids(killed);
      await killed.seen(/^pca=64 fitted in/m);
      killed.child.kill('SIGKILL');
      await killed.ended;
      await allEnded(pids);
      const one = join(dir, 'one.txt');
      writeFileSync(one, 'localhost\n');
      const { status, stdout, stderr } = await preprocess(to, '--hosts', one, '--json').ended;
      expect([status, stderr.includes('pca=64 fitted in')]).toEqual([0, false]);
      expect((JSON.parse(stdout) as PreprocessReport).workers).toBe(1);
      const opened = await openDataset(to);
      const { inputs } = await opened.subset('train').load();
      expect(inputs).toHaveLength(opened.subset('train').samples * 64);
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
