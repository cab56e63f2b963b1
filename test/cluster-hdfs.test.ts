import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { RunReport } from '@weft/cluster';
import {
  fileStorage,
  idxFolder,
  openDataset,
  openStorage,
  type Samples,
  type StagedShards,
  type Storage,
  type SubsetName,
  stageShards,
  writeDataset,
  writeShard,
} from '@weft/hdfs-loader';
import type { Hadoop } from '@weft/hdfs-loader/hadoop';
import { encodeTransformer, Pipeline } from '@weft/preprocessing';
import { decodeSafetensors } from '@weft/safetensors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { png } from '../apps/cluster/test/png.js';
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

  it('trains on real numbers that were staged there, and predicts photographs of there by the same pipeline', async () => {
    const images = await openDataset({ storage, path: DATASET });
    const [train, test] = [await images.subset('train').load(), await images.subset('test').load()];
    const pipeline = Pipeline.parse('standardize', images.manifest.inputShape);
    const matrix = ({ inputs, count, features }: Samples) => ({ values: inputs, rows: count, features });
    await pipeline.fit(() => [matrix(train)]);
    const { inputShape, classes, labelNames, split, note } = images.manifest;
    const add = async (staged: StagedShards, subset: SubsetName, index: number, samples: Samples): Promise<void> => {
      const { values } = await pipeline.transform(matrix(samples));
      const floats = { ...samples, inputs: values as Float32Array };
      const to = { storage, dir: staged.dir };
      await staged.add(subset, index, await writeShard(to, { subset, index, inputShape, classes, samples: floats }));
    };
    const target = { storage, path: '/data/floats' };
    const plan = { fingerprint: 'f', name: 'floats', shards: { train: 1, test: 1 } };
    const begun = await stageShards(target, plan);
    await add(begun, 'test', 0, test);
    await begun.writeFile('data/preprocessing.safetensors', encodeTransformer(pipeline));
    await begun.leave();
    const staged = await stageShards(target, plan);
    expect([staged.has('test', 0), staged.has('train', 0)]).toEqual([true, false]);
    await add(staged, 'train', 0, train);
    const preprocessing = { file: 'preprocessing.safetensors', steps: pipeline.text };
    await staged.finish({ split, note, inputShape, dtype: 'float32', labelNames, preprocessing });
    await staged.leave();
    expect(await names('/data')).toEqual(['floats', 'small images']);

    const runDir = `${hadoop.url}/runs/floats`;
    const run = await start('--dataset', `${hadoop.url}/data/floats`, '--epochs', '2', '--run-dir', runDir);
    expect(run.status).toBe(0);
    const report = JSON.parse(run.stdout) as RunReport;
    expect(report.testAccuracy).toBeGreaterThan(0.9);
    expect(report.perClass.map(({ samples }) => samples)).toEqual(new Array(10).fill(40));
    const files = [0, 1, 2, 3].map((i) => ({ label: i, path: `/photos/${i}.png` }));
    for (const { label, path } of files) {
      const pixels = test.inputs.slice(label * 784, (label + 1) * 784) as Uint8Array;
      await storage.write(path, png(pixels, { height: 28, width: 28, channels: 1 }));
    }
    const photos = [...files.map(({ path }) => `${hadoop.url}${path}`), `${hadoop.url}/photos/none.png`];
    const predicted = await cluster(['predict', runDir, ...photos, '--top', '1', '--json'], { TMPDIR: temporary })
      .ended;
    expect(predicted.status).toBe(1);
    expect(predicted.stderr).toMatch(/^error: .*\/photos\/none\.png.*\n$/);
    const told = JSON.parse(predicted.stdout) as { classes?: [{ label: number }] }[];
    expect(told.map(({ classes: found }) => found?.[0].label)).toEqual([0, 1, 2, 3, undefined]);
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
