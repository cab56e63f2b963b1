import { parseManifest } from '@weft/hdfs-loader';
import { describe, expect, it } from 'vitest';
import { configure } from '../src/config.js';
import { runReport } from '../src/report.js';
import { sampleEpoch } from './sample-report.js';

const manifest = parseManifest(
  JSON.stringify({
    format: 'weft-dataset',
    version: 1,
    name: 'tiny',
    split: 'official',
    note: 'Made for tests.',
    inputShape: [4, 4, 1],
    dtype: 'uint8',
    classes: 1,
    labelNames: ['a'],
    subsets: { train: { samples: 0, perClass: [0], shards: [] }, test: { samples: 0, perClass: [0], shards: [] } },
  }),
  'manifest.json',
);

describe('runReport', () => {
  it('has every field that a reader of report.json counts on', () => {
    const config = configure({ trainer: 'aeasgd', shards: 3, seed: 7, learningRate: 0.5 }, { WEFT_DATA_DIR: '/data' });
    const audit = { expected: 2, trained: 2, twice: 0, never: 0 };
    const staleness = { mean: 1, p50: 1, p99: 2, max: 3 };
    const o = { config, manifest, engine: 'tfjs-wasm', parameters: 9, staleness, audit, seconds: 4, runDir: '/r' };
    expect(runReport({ ...o, epochs: [{ ...sampleEpoch(2), testAccuracy: 0.1 }, sampleEpoch(2)] })).toEqual({
      trainer: 'aeasgd',
      model: 'mlp',
      dataset: 'tiny',
      split: 'official',
      splitNote: 'Made for tests.',
      workers: 2,
      shards: 3,
      batchSize: 128,
      window: config.window,
      seed: 7,
      optimizer: config.optimizer,
      learningRate: 0.5,
      engine: 'tfjs-wasm',
      threads: config.threads,
      parameters: 9,
      epochs: [{ ...sampleEpoch(2), testAccuracy: 0.1 }, sampleEpoch(2)],
      testAccuracy: 0.8,
      staleness,
      samples: audit,
      seconds: 4,
      runDir: '/r',
    });
    expect(runReport({ ...o, epochs: [] }).testAccuracy).toBe(0);
  });
});
