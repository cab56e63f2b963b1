import { parseManifest } from '@weft/hdfs-loader';
import { StalenessHistogram } from '@weft/trainer';
import { describe, expect, it } from 'vitest';
import { configure } from '../src/config.js';
import { runReport } from '../src/report.js';
import { sampleEpoch } from './sample-report.js';

const empty = { samples: 0, perClass: [0], range: [0, 0], shards: [] };
const shard = { file: 'test-0.safetensors', samples: 8, bytes: 999, sha256: 'ab'.repeat(32) };
const test = { samples: 8, perClass: [8], range: [0, 255], shards: [shard] };
const manifest = parseManifest(
  JSON.stringify({
    format: 'weft-dataset',
    version: 2,
    name: 'tiny',
    split: 'official',
    note: 'Made for tests.',
    inputShape: [4, 4, 1],
    dtype: 'uint8',
    classes: 1,
    labelNames: ['a'],
    subsets: { train: empty, test },
  }),
  'manifest.json',
);

function histogram(...entries: [tau: number, times: number][]): StalenessHistogram {
  const h = new StalenessHistogram();
  h.merge(entries);
  return h;
}

describe('runReport', () => {
  it('has every field that a reader of report.json counts on', () => {
    const config = configure({ trainer: 'aeasgd', shards: 3, seed: 7, learningRate: 0.5 }, { WEFT_DATA_DIR: '/data' });
    const audit = { expected: 2, trained: 2, twice: 0, never: 0 };
    const shards = [
      { version: 6, staleness: histogram([0, 3], [2, 1]) },
      { version: 3, staleness: histogram([0, 1], [3, 1]) },
      { version: 0, staleness: histogram() },
    ];
    const o = {
      config,
      manifest,
      engine: 'tfjs-wasm',
      parameters: 9,
      correctByClass: [6],
      shards,
      audit,
      seconds: 4,
      runDir: '/r',
    };
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
      perClass: [{ label: 0, name: 'a', samples: 8, recall: 0.75 }],
      meanRecall: 0.75,
      largestClassAccuracy: 1,
      // 0, 0, 0, 0, 2, 3: over all pushes, not the mean of the shards.
      staleness: { mean: 5 / 6, p50: 0, p99: 3, max: 3 },
      perShard: [
        { version: 6, staleness: { mean: 0.5, p50: 0, p99: 2, max: 2 } },
        { version: 3, staleness: { mean: 1.5, p50: 0, p99: 3, max: 3 } },
        { version: 0, staleness: { mean: 0, p50: 0, p99: 0, max: 0 } },
      ],
      samples: audit,
      seconds: 4,
      runDir: '/r',
    });
    expect(runReport({ ...o, epochs: [] }).testAccuracy).toBe(0);
    // A run without a server.
    expect(runReport({ ...o, shards: [], epochs: [] })).toMatchObject({
      staleness: { mean: 0, p50: 0, p99: 0, max: 0 },
      perShard: [],
    });
  });
});
