import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getParameters, loadModel, saveModel } from '@weft/models';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ClusterError } from '../src/errors.js';
import type { RunReport } from '../src/report.js';
import type { EpochReport } from '../src/run-metrics.js';
import { type RunView, train } from '../src/train.js';
import { preprocessedDataset, scratchFolder, shardedDataset, tinyDataset, tinyModel } from './tiny-dataset.js';

async function tinyOptions() {
  const model = tinyModel();
  const folder = scratchFolder();
  await saveModel(model, folder);
  model.dispose();
  return {
    dataset: await tinyDataset(),
    model: join(folder, 'model.json'),
    batchSize: 10,
    threads: 1,
    runDir: join(scratchFolder(), 'run'),
  };
}

/** What of this process a finished run must have given back. */
const held = () => ({
  listeners: process.eventNames().map((name) => [name, process.listenerCount(name as NodeJS.Signals)]),
  resources: process
    .getActiveResourcesInfo()
    .filter((name) => /TCP|Process|Worker/.test(name))
    .toSorted((a, b) => a.localeCompare(b)),
});

describe('train', { timeout: 120_000 }, () => {
  it('learns, writes a run folder, and leaves nothing behind, twice in one process', async () => {
    const before = held();
    const lines: string[] = [];
    const epochs: EpochReport[] = [];
    const view: RunView = { line: (line) => lines.push(line), epoch: (epoch) => epochs.push(epoch) };
    const options = await tinyOptions();
    const choice = { trainer: 'adag', optimizer: 'momentum', learningRate: 0.05, window: 2, epochs: 4 };
    const report = await train({ ...options, ...choice }, { view });
    expect(report).toMatchObject({
      trainer: 'adag',
      dataset: 'tiny',
      split: 'official',
      workers: 2,
      shards: 1,
      parameters: 187,
    });
    expect(report.engine).toMatch(/^(native-|tensorflow|tfjs-)/);
    // The only shard's staleness is the run's.
    expect(report.perShard).toEqual([{ version: expect.any(Number), staleness: report.staleness }]);
    // 30 batches in windows of 2, over four epochs.
    expect(report.perShard[0]?.version).toBeGreaterThanOrEqual(60);
    expect(report.samples).toEqual({ expected: 1200, trained: 1200, twice: 0, never: 0 });
    expect(report.testAccuracy).toBeGreaterThan(0.6);
    const found = report.perClass.reduce((sum, { samples, recall }) => sum + samples * recall!, 0);
    expect(found / 61).toBeCloseTo(report.testAccuracy, 12);
    expect(report.perClass.map(({ name, samples }) => [name, samples])).toEqual([
      ['upper', 21],
      ['middle', 20],
      ['lower', 20],
    ]);
    expect(report).toMatchObject({ meanRecall: expect.any(Number), largestClassAccuracy: 21 / 61 });
    expect(report.epochs).toEqual(epochs);
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    for (const { workers } of epochs) expect(workers.reduce((sum, w) => sum + w.samples, 0)).toBe(300);
    expect(lines[0]).toMatch(/^started shard 0 \(pid \d+\), worker 0 \(pid \d+\), worker 1 \(pid \d+\)$/);

    const { runDir } = options;
    expect(readdirSync(runDir).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'config.json',
      'logs',
      'metrics.jsonl',
      'model',
      'report.json',
      'weights.safetensors',
    ]);
    expect(JSON.parse(readFileSync(join(runDir, 'report.json'), 'utf8'))).toEqual(report);
    const metrics = readFileSync(join(runDir, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
    const written = metrics.map((line) => JSON.parse(line));
    expect(written.filter(({ type }) => type === 'epoch')).toMatchObject(epochs);
    // The first report of a run is always written.
    expect(written[0]).toMatchObject({ type: 'progress', epoch: 1 });
    const final = getParameters(await loadModel(join(runDir, 'model', 'model.json')));
    expect(final.every(Number.isFinite)).toBe(true);

    const insecure = await train({ ...(await tinyOptions()), trainer: 'single', insecure: true }, { view });
    expect(insecure.samples.trained).toBe(300);
    expect(lines.filter((line) => line.startsWith('warning: --insecure: '))).toHaveLength(1);
    const again = await train({ ...(await tinyOptions()), trainer: 'single' });
    expect(again).toMatchObject({ workers: 1, shards: 0, staleness: { max: 0 }, samples: { trained: 300, never: 0 } });
    expect(again.perShard).toEqual([]);
    expect(held()).toEqual(before);
  });

  it('trains from many small shards through a small buffer, each sample once an epoch, ordered and augmented too', async () => {
    const dataset = await shardedDataset({ train: 240, test: 60, shardSamples: 12 });
    const hosts = join(scratchFolder(), 'hosts.txt');
    writeFileSync(hosts, 'localhost\n127.0.1.2 slots=2\n');
    const reports: RunReport[] = [];
    // Three shards of about 350 bytes at a time, of 20.
    for (const more of [{ hosts }, { hosts, ordered: true, augment: 'flip,shift=1' }, { trainer: 'single' }]) {
      const options = { ...(await tinyOptions()), dataset, epochs: 3, shuffleBuffer: '1.1KiB' };
      reports.push(await train({ ...options, ...more }));
      expect(JSON.parse(readFileSync(join(options.runDir, 'config.json'), 'utf8'))).toMatchObject({
        shuffleBytes: 1126,
      });
    }
    for (const { samples, epochs, testAccuracy } of reports) {
      expect(samples).toEqual({ expected: 720, trained: 720, twice: 0, never: 0 });
      expect(testAccuracy).toBeGreaterThan(0);
      for (const { dataWaitShare, workers } of epochs) {
        expect(dataWaitShare).toBeGreaterThan(0);
        expect(dataWaitShare).toBeLessThan(1);
        for (const worker of workers) expect(worker.dataWaitSeconds).toBeGreaterThanOrEqual(0);
      }
    }
  });

  it.each(['auto', 'tfjs'])('trains on real numbers as they are, and keeps what made them: %s', async (engine) => {
    const options = { ...(await tinyOptions()), dataset: await preprocessedDataset(Buffer.from('fitted')) };
    const choice = {
      trainer: 'adag',
      optimizer: 'momentum',
      learningRate: 0.05,
      window: 2,
      epochs: 5,
      augment: 'flip',
    };
    const report = await train({ ...options, ...choice, engine });
    expect(report.testAccuracy).toBeGreaterThan(0.6);
    expect(JSON.parse(readFileSync(join(options.runDir, 'config.json'), 'utf8'))).toMatchObject({
      normalization: { scale: 1, shift: 0 },
      dataset: {
        inputShape: [4, 4, 1],
        dtype: 'float32',
        labelNames: ['upper', 'middle', 'lower'],
        preprocessing: 'grayscale,minmax',
      },
    });
    expect(readFileSync(join(options.runDir, 'preprocessing.safetensors'), 'utf8')).toBe('fitted');
  });

  it('names the pipeline that is not there', async () => {
    const options = { ...(await tinyOptions()), dataset: await preprocessedDataset(Buffer.from('')) };
    rmSync(join(options.dataset, 'preprocessing.safetensors'));
    await expect(train(options)).rejects.toMatchObject({
      code: 'data',
      message: expect.stringMatching(/^data set tiny: cannot read .*preprocessing\.safetensors: ENOENT/),
    });
  });

  it('is the same run with a buffer of any size that holds everything', async () => {
    const dataset = await shardedDataset({ train: 120, test: 30, shardSamples: 12 });
    const losses = await Promise.all(
      ['1MiB', '1GiB'].map(async (shuffleBuffer) => {
        const run = { ...(await tinyOptions()), dataset, trainer: 'single', shuffleBuffer, engine: 'tfjs' };
        return (await train(run)).epochs.map(({ loss }) => loss);
      }),
    );
    expect(losses[0]).toEqual(losses[1]);
  });

  it('refuses a buffer below a batch, and augmentations of what is no image, before it makes a folder', async () => {
    const options = {
      ...(await tinyOptions()),
      dataset: await shardedDataset({ train: 60, test: 3, shardSamples: 5 }),
    };
    await expect(train({ ...options, shuffleBuffer: 159 })).rejects.toMatchObject({
      code: 'usage',
      message: '--shuffle-buffer: at least 160 bytes expected (a batch of 10 samples), got 159',
    });
    const manifest = join(options.dataset, 'manifest.json');
    const text = readFileSync(manifest, 'utf8');
    // Four bytes a value.
    writeFileSync(manifest, text.replace('"uint8"', '"float32"'));
    await expect(train({ ...options, shuffleBuffer: 639 })).rejects.toThrow('--shuffle-buffer: at least 640 bytes');
    writeFileSync(manifest, text);
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"inputShape": \[[^\]]*\]/, '"inputShape": [16]'));
    await expect(train({ ...options, augment: 'flip' })).rejects.toMatchObject({
      code: 'usage',
      message: '--augment: data set tiny: expected images [height, width, channels], got samples of shape [16]',
    });
    expect(() => readdirSync(options.runDir)).toThrow('ENOENT');
  });

  it('names the shard that is damaged, in one line', async () => {
    const options = {
      ...(await tinyOptions()),
      dataset: await shardedDataset({ train: 60, test: 30, shardSamples: 6 }),
    };
    writeFileSync(join(options.dataset, 'train-00007.safetensors'), 'x');
    const failing = train({ ...options, shuffleBuffer: 600, trainer: 'single' });
    await expect(failing).rejects.toMatchObject({
      code: 'node',
      message: expect.stringMatching(/^worker 0: .*train-00007.safetensors: expected \d+ bytes, got 1/),
    });
  });

  it('refuses a batch that no worker could fill, before it makes a folder', async () => {
    const options = await tinyOptions();
    await expect(train({ ...options, batchSize: 151 })).rejects.toThrow(
      '--batch-size: at most 150 expected (300 training samples over 2 workers), got 151',
    );
    expect(() => readdirSync(options.runDir)).toThrow('ENOENT');
    const one = { ...options, dataset: await tinyDataset(1, 1) };
    await expect(train(one)).rejects.toThrow('data set tiny: a training sample for each of 2 workers expected, got 1');
  });

  it('refuses a model that is not there before it looks at the data set', async () => {
    const dataset = '/nowhere';
    await expect(train({ dataset, model: 'mpl' })).rejects.toMatchObject({
      code: 'usage',
      message: '--model: one of mlp, cnn or the path of a tfjs model.json expected, got "mpl"',
    });
    await expect(train({ dataset, model: '/gone/model.json' })).rejects.toMatchObject({
      code: 'model',
      message: '--model /gone/model.json: no such file',
    });
    // With a model that is there, it is the data set's turn.
    await expect(train({ dataset, model: 'mlp' })).rejects.toThrow('--dataset: ');
  });

  it('refuses an engine that cannot run the model, before it makes a folder', async () => {
    const options = await tinyOptions();
    // Softsign: native is not built here, or does not know it.
    const json = readFileSync(options.model, 'utf8');
    writeFileSync(options.model, json.replace('"activation":"relu"', '"activation":"softsign"'));
    const error = await train({ ...options, engine: 'native' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ClusterError);
    expect(error).toMatchObject({
      code: 'usage',
      message: expect.stringMatching(
        /^--engine: engine native (is not built|cannot run this model: .*softsign).*; tfjs always works$/,
      ),
    });
    expect(() => readdirSync(options.runDir)).toThrow('ENOENT');
  });

  it('fails where samples were never trained, and saves no weights', async () => {
    // A real run whose books lose three samples.
    vi.resetModules();
    vi.doMock('../src/coordinator.js', async (importOriginal) => {
      const { coordinate } = await importOriginal<typeof import('../src/coordinator.js')>();
      const losing: typeof coordinate = async (o) => {
        const trained = await coordinate(o);
        return { ...trained, audit: { ...trained.audit, trained: 297, never: 3 } };
      };
      return { coordinate: losing };
    });
    onTestFinished(() => {
      vi.doUnmock('../src/coordinator.js');
      vi.resetModules();
    });
    const { train: losingTrain } = await import('../src/train.js');
    const options = await tinyOptions();
    await expect(losingTrain({ ...options, trainer: 'single' })).rejects.toMatchObject({
      code: 'node',
      message: 'audit: 300 samples trained expected, 3 of them never were',
    });
    const left = readdirSync(options.runDir);
    expect(left).toContain('metrics.jsonl');
    for (const result of ['report.json', 'weights.safetensors', 'model']) expect(left).not.toContain(result);
  });

  it('stops where the signal is aborted already', async () => {
    const stopped = train(await tinyOptions(), { signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('ends with what a view throws', async () => {
    const view: RunView = {
      epoch: () => {
        throw new Error('no more');
      },
    };
    await expect(train({ ...(await tinyOptions()), epochs: 1_000_000 }, { view })).rejects.toThrow('no more');
  });
});
