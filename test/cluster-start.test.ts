import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { RunReport } from '@weft/cluster';
import { layoutOf, loadModel } from '@weft/models';
import { readSafetensors } from '@weft/safetensors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cluster, type Ended } from './cluster-command.js';
import { writeIdxImages } from './idx-images.js';

const TRAIN = 1010;
const TEST = 203;
let dir = '';
let images = '';
let runs = 0;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'weft-start-'));
  images = join(dir, 'images');
  writeIdxImages(images, { train: TRAIN, test: TEST });
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function start(...args: string[]): Promise<{ ended: Ended; report: RunReport; runDir: string }> {
  const runDir = join(dir, `run-${runs++}`);
  const ended = await cluster(
    ['start', '--dataset', images, '--batch-size', '32', '--json', '--run-dir', runDir, ...args],
    { WEFT_DATA_DIR: join(dir, 'data') },
  ).ended;
  expect(ended.stderr).not.toContain('error');
  expect(ended.status).toBe(0);
  return { ended, report: JSON.parse(ended.stdout) as RunReport, runDir };
}

describe('cluster start', () => {
  for (const [trainer, ...more] of [
    ['single'],
    ['downpour', '--shards', '2'],
    ['aeasgd', '--shards', '3'],
    ['adag', '--shards', '2', '--window', '3'],
  ] as const) {
    it(`trains every sample once with ${trainer}, and learns`, { timeout: 120_000 }, async () => {
      const { report, runDir, ended } = await start('--trainer', trainer, '--epochs', '3', ...more);
      expect(ended.stdout.trim().split('\n')).toHaveLength(1);
      expect(report.samples).toEqual({ expected: 3 * TRAIN, trained: 3 * TRAIN, twice: 0, never: 0 });
      expect(report.epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
      expect(report.testAccuracy).toBeGreaterThan(0.9);
      expect(report).toMatchObject({ trainer, model: 'mlp', split: 'official', batchSize: 32, seed: 1 });
      expect(report.workers).toBe(trainer === 'single' ? 1 : 2);
      expect(report.staleness).toHaveProperty('p99');
      expect(JSON.parse(readFileSync(join(runDir, 'report.json'), 'utf8'))).toEqual(report);
      expect(JSON.parse(readFileSync(join(runDir, 'config.json'), 'utf8'))).toMatchObject({ trainer, batchSize: 32 });
      const metrics = readFileSync(join(runDir, 'metrics.jsonl'), 'utf8').trim().split('\n');
      const epochs = metrics.map((line) => JSON.parse(line) as { type: string }).filter(({ type }) => type === 'epoch');
      expect(epochs).toHaveLength(3);
    });
  }

  it('writes the same weights as safetensors and as a model that tf.loadLayersModel opens', {
    timeout: 120_000,
  }, async () => {
    const { runDir } = await start('--trainer', 'adag', '--model', 'cnn', '--epochs', '1');
    const { tensors, metadata } = await readSafetensors(join(runDir, 'weights.safetensors'));
    expect(metadata).toMatchObject({ trainer: 'adag', split: 'official' });
    const modelJson = JSON.parse(readFileSync(join(runDir, 'model/model.json'), 'utf8')) as tf.io.ModelJSON;
    const weights = readFileSync(join(runDir, 'model/weights.bin'));
    const model = await tf.loadLayersModel(
      tf.io.fromMemory({
        modelTopology: modelJson.modelTopology,
        weightSpecs: modelJson.weightsManifest.flatMap((group) => group.weights),
        weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength) as ArrayBuffer,
      }),
    );
    const bytes = (data: Float32Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const names = layoutOf(model).map(({ name }) => name);
    expect(new Set(Object.keys(tensors))).toEqual(new Set(names));
    for (const [i, weight] of model.getWeights().entries()) {
      const saved = tensors[names[i]!]!;
      expect(saved.shape).toEqual(weight.shape);
      expect(bytes(saved.data as Float32Array).equals(bytes(weight.dataSync() as Float32Array))).toBe(true);
    }
    expect((await loadModel(join(runDir, 'model/model.json'))).countParams()).toBe(model.countParams());
  });

  it('trains on from a model.json', { timeout: 120_000 }, async () => {
    const first = await start('--trainer', 'single', '--epochs', '2');
    const again = await start(
      '--trainer',
      'adag',
      '--model',
      join(first.runDir, 'model/model.json'),
      '--learning-rate',
      '1e-6',
    );
    expect(again.report.testAccuracy).toBeCloseTo(first.report.testAccuracy, 1);
  });

  it('replays a single run bit by bit from its seed', { timeout: 120_000 }, async () => {
    const runs = [];
    for (const seed of ['5', '5', '6']) runs.push((await start('--trainer', 'single', '--seed', seed)).runDir);
    const [a, b, c] = runs.map((run) => readFileSync(join(run, 'model/weights.bin')));
    expect(a!.equals(b!)).toBe(true);
    expect(a!.equals(c!)).toBe(false);
  });

  it('takes hosts and slots from a file, and prints a table without --json', { timeout: 120_000 }, async () => {
    const hosts = join(dir, 'hosts.txt');
    writeFileSync(hosts, '# this machine, three workers\nlocalhost slots=3\n');
    const { status, stdout } = await cluster(
      ['start', '--hosts', hosts, '--dataset', images, '--batch-size', '16', '--run-dir', join(dir, 'hosts-run')],
      { WEFT_DATA_DIR: join(dir, 'data') },
    ).ended;
    expect(status).toBe(0);
    expect(stdout).toMatch(/^epoch +worker +samples/m);
    expect(stdout).toMatch(/^1 +2 /m);
    expect(stdout).toContain('samples trained 1,010 of 1,010, 0 twice');
    expect(stdout).toContain(join(dir, 'hosts-run'));
  });
});
