import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getParameters, loadModel, saveModel } from '@weft/models';
import { describe, expect, it } from 'vitest';
import type { EpochReport } from '../src/run-metrics.js';
import { type RunView, train } from '../src/train.js';
import { scratchFolder, tinyDataset, tinyModel } from './tiny-dataset.js';

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
    expect(report.samples).toEqual({ expected: 1200, trained: 1200, twice: 0, never: 0 });
    expect(report.testAccuracy).toBeGreaterThan(0.6);
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
    expect(metrics.map((line) => JSON.parse(line)).filter(({ type }) => type === 'epoch')).toMatchObject(epochs);
    const final = getParameters(await loadModel(join(runDir, 'model', 'model.json')));
    expect(final.every(Number.isFinite)).toBe(true);

    const again = await train({ ...(await tinyOptions()), trainer: 'single' });
    expect(again).toMatchObject({ workers: 1, shards: 0, staleness: { max: 0 }, samples: { trained: 300, never: 0 } });
    expect(held()).toEqual(before);
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
