/** report.json: what a run was and what came of it. */
import type { Manifest } from '@weft/hdfs-loader';
import { StalenessHistogram, type StalenessSummary } from '@weft/trainer';
import { type RecallReport, recallReport } from './class-recall.js';
import type { RunConfig } from './config.js';
import type { Audit } from './ledger.js';
import type { EpochReport } from './run-metrics.js';
import type { ShardStats } from './trained.js';

export interface RunReport extends RecallReport {
  readonly trainer: string;
  readonly model: string;
  readonly dataset: string;
  /** Which division into training and test images: `npm` accuracies are not comparable to a digit with `official` ones. */
  readonly split: string;
  readonly splitNote: string;
  readonly workers: number;
  readonly shards: number;
  /** Samples a step, per worker. */
  readonly batchSize: number;
  readonly window: number;
  readonly seed: number;
  readonly optimizer: string;
  readonly learningRate: number;
  readonly engine: string;
  readonly threads: number;
  readonly parameters: number;
  readonly epochs: readonly EpochReport[];
  /** Test accuracy after the last epoch. */
  readonly testAccuracy: number;
  /** τ over all pushes and shards. */
  readonly staleness: StalenessSummary;
  /** Each shard by itself, in the order of the ranges: how often it moved, and τ of its pushes. */
  readonly perShard: readonly { readonly version: number; readonly staleness: StalenessSummary }[];
  readonly samples: Audit;
  /** From the start of the command's work until its processes had ended and the weights were written. */
  readonly seconds: number;
  readonly runDir: string;
}

/** Puts the report of a finished run together. */
export function runReport(o: {
  config: RunConfig;
  manifest: Manifest;
  engine: string;
  parameters: number;
  epochs: readonly EpochReport[];
  /** Test images of each class that are predicted correctly after the last epoch. */
  correctByClass: ArrayLike<number>;
  shards: readonly ShardStats[];
  audit: Audit;
  seconds: number;
  runDir: string;
}): RunReport {
  const { config, manifest } = o;
  const all = new StalenessHistogram();
  for (const { staleness } of o.shards) all.merge(staleness.entries());
  return {
    trainer: config.trainer,
    model: config.model,
    dataset: manifest.name,
    split: manifest.split,
    splitNote: manifest.note,
    workers: config.workers,
    shards: config.shards,
    batchSize: config.batchSize,
    window: config.window,
    seed: config.seed,
    optimizer: config.optimizer,
    learningRate: config.learningRate,
    engine: o.engine,
    threads: config.threads,
    parameters: o.parameters,
    epochs: o.epochs,
    testAccuracy: o.epochs.at(-1)?.testAccuracy ?? 0,
    ...recallReport(manifest, o.correctByClass),
    staleness: all.summary(),
    perShard: o.shards.map(({ version, staleness }) => ({ version, staleness: staleness.summary() })),
    samples: o.audit,
    seconds: o.seconds,
    runDir: o.runDir,
  };
}
