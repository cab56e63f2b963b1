import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { RunReport } from '@weft/cluster';
import { fileStorage, idxFolder, openStorage, type Storage, writeDataset } from '@weft/hdfs-loader';
import type { Hadoop } from '@weft/hdfs-loader/hadoop';
import { decodeSafetensors } from '@weft/safetensors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hadoopOrSkip, START_MS } from '../packages/hdfs-loader/test/hadoop-fixture.js';
import { cluster, type Ended } from './cluster-command.js';
import { writeIdxImages } from './idx-images.js';

const startHadoop = await hadoopOrSkip();
const TRAIN = 3000;
const TEST = 400;
const DATASET = '/data/small images';

describe.skipIf(!startHadoop)('cluster start on HDFS', { timeout: 120_000 }, () => {
  let hadoop: Hadoop;
  let storage: Storage;
  let dir = '';
  let hosts = '';
  let temporary = '';

  beforeAll(async () => {
    hadoop = await startHadoop!();
    ({ storage } = openStorage(hadoop.url));
    dir = mkdtempSync(join(tmpdir(), 'weft-hdfs-'));
    hosts = join(dir, 'hosts.txt');
    writeFileSync(hosts, '127.0.1.1\n127.0.1.2\n');
    temporary = join(dir, 'tmp');
    mkdirSync(temporary);
    writeIdxImages(join(dir, 'images'), { train: TRAIN, test: TEST });
    const made = join(dir, 'made');
    // 30 shards of 78 KB.
    await writeDataset(idxFolder(join(dir, 'images')), made, { shardSamples: 100 });
    const here = fileStorage();
    for await (const { name, path } of here.list(made)) await storage.write(`${DATASET}/${name}`, here.read(path));
  }, START_MS);

  afterAll(async () => {
    await storage?.close();
    await hadoop?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const start = (...args: string[]): Promise<Ended> =>
    cluster(['start', '--dataset', `${hadoop.url}${DATASET}`, '--batch-size', '32', '--json', ...args], {
      WEFT_DATA_DIR: join(dir, 'data'),
      TMPDIR: temporary,
    }).ended;

  async function read(path: string): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    for await (const piece of storage.read(path)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async function names(path: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { name } of storage.list(path)) found.push(name);
    return found.toSorted((a, b) => a.localeCompare(b));
  }

  it('trains each sample once an epoch, four shards in memory at a time, and leaves the run folder there', async () => {
    const runDir = `${hadoop.url}/runs/one`;
    const { status, stdout, stderr } = await start(
      ...['--hosts', hosts, '--epochs', '3', '--shuffle-buffer', '320KiB', '--augment', 'shift=1'],
      ...['--run-dir', runDir, '--hdfs-user', userInfo().username],
    );
    expect(stderr).not.toContain('error: ');
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as RunReport;
    expect(report.samples).toEqual({ expected: 3 * TRAIN, trained: 3 * TRAIN, twice: 0, never: 0 });
    expect(report.testAccuracy).toBeGreaterThan(0.9);
    expect(report.runDir).toBe(runDir);
    for (const { dataWaitShare } of report.epochs) expect(dataWaitShare).toBeLessThan(1);
    const files = ['config.json', 'logs', 'metrics.jsonl', 'model', 'report.json', 'weights.safetensors'];
    expect(await names('/runs/one')).toEqual(files);
    expect(await names('/runs/one/logs')).toEqual(['shard-0.log', 'shard-1.log', 'worker-0.log', 'worker-1.log']);
    expect(await names('/runs/one/model')).toEqual(['model.json', 'weights.bin']);
    expect(JSON.parse((await read('/runs/one/report.json')).toString())).toEqual(report);
    const lines = (await read('/runs/one/metrics.jsonl')).toString().trimEnd().split('\n');
    const epochs = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'epoch');
    expect(epochs).toMatchObject(report.epochs);
    expect(Object.keys(decodeSafetensors(await read('/runs/one/weights.safetensors')).tensors)).toHaveLength(6);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('says in one line what is not there, not allowed, or in the way', async () => {
    const cases: [string[], RegExp][] = [
      [['--dataset', `${hadoop.url}/data/none`], /^error: --dataset .*\/data\/none\/manifest\.json: no such file/m],
      [
        ['--run-dir', `${hadoop.url}/data`],
        /^error: --run-dir .*\/data: an empty or new folder expected, it holds files$/m,
      ],
      [['--run-dir', `${hadoop.url}/private/x`, '--hdfs-user', 'stranger'], /^error: --run-dir .*ermission/m],
      [['--hdfs-token', join(dir, 'none')], /^error: --hdfs-token .*none: /m],
    ];
    for (const [args, message] of cases) {
      const { status, stdout, stderr } = await start('--run-dir', join(dir, 'not-made'), ...args);
      expect([status === 0, stdout]).toEqual([false, '']);
      expect(stderr).toMatch(message);
      expect(
        stderr
          .trim()
          .split('\n')
          .filter((line) => line.startsWith('error: ')),
      ).toHaveLength(1);
    }
  });

  it('brings the logs of a run that failed, and keeps those that its error names', async () => {
    const { status, stderr } = await start('--learning-rate', '1e30', '--run-dir', `${hadoop.url}/runs/diverged`);
    expect(status).toBe(1);
    const log = /^error: worker \d.*; log: (.*)$/m.exec(stderr)?.[1] ?? '';
    expect((await fileStorage().stat(log)).length).toBeGreaterThan(0);
    expect(await names('/runs/diverged')).toEqual(['config.json', 'logs']);
    expect(await names('/runs/diverged/logs')).toEqual(['shard-0.log', 'worker-0.log', 'worker-1.log']);
  });

  it('reads an epoch from the DataNodes that are left when one is killed', async () => {
    const { status, stdout } = await start('--shuffle-buffer', '100KiB', '--run-dir', join(dir, 'before'));
    expect([status, (JSON.parse(stdout) as RunReport).samples.never]).toEqual([0, 0]);
    await hadoop.dataNodes[0]!.kill();
    const after = await start('--shuffle-buffer', '100KiB', '--run-dir', join(dir, 'after'));
    expect(after.status).toBe(0);
    expect((JSON.parse(after.stdout) as RunReport).samples).toMatchObject({ trained: TRAIN, never: 0 });
  });
});
