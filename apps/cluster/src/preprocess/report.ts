/** What a preprocessing came to: what --json prints, and the page shows. */
import type { Manifest, StagedShards } from '@weft/hdfs-loader';
import type { Pipeline } from '@weft/preprocessing';
import { workerHosts } from '../hosts.js';
import type { PreprocessConfig } from './config.js';
import type { Notes } from './notes.js';
import { addErrors, ERROR_SCHEMA, NO_ERROR, pcaOf } from './reconstruction.js';

/** One step of the pipeline. */
export interface StepReport {
  /** As it is spelt: `resize=128`. */
  readonly step: string;
  /** Of a sample that comes out. */
  readonly shape: readonly number[];
  /** Of the fit; null where nothing is learnt, or where it is not known. */
  readonly fitSeconds: number | null;
}

export interface PreprocessReport {
  /** Of the data set that was made. */
  readonly name: string;
  readonly location: string;
  readonly source: { readonly name: string; readonly location: string; readonly inputShape: readonly number[] };
  readonly steps: readonly StepReport[];
  readonly samples: { readonly train: number; readonly test: number };
  readonly classes: number;
  /** Of a sample. */
  readonly inputShape: readonly number[];
  readonly dtype: 'uint8' | 'float32';
  /** Of the Pca; null where there is none. */
  readonly pca: { readonly components: number; readonly varianceKept: number } | null;
  /** From the Pca's input to its reconstruction, over the test samples; null where that cannot be measured. */
  readonly testError: {
    /** √(Σ ‖x − x̂‖² / (n d)) */
    readonly rmse: number;
    /** Σ ‖x − x̂‖² / Σ ‖x − μ‖² */
    readonly varianceLost: number;
  } | null;
  readonly workers: number;
  /** Samples that were there already, made by a process that was interrupted. */
  readonly keptSamples: number;
  readonly seconds: number;
  /** Made by this process, over the seconds of all its work. */
  readonly samplesPerSecond: number;
}

export function preprocessReport(o: {
  config: PreprocessConfig;
  manifest: Manifest;
  location: string;
  pipeline: Pipeline;
  notes: Pick<Notes, 'fitSeconds'>;
  staged: Pick<StagedShards, 'get'>;
  kept: { readonly samples: number };
  seconds: number;
}): PreprocessReport {
  const { config, manifest, pipeline, notes, staged, kept, seconds } = o;
  const { train, test } = manifest.subsets;
  const pca = pcaOf(pipeline);
  return {
    name: config.name ?? manifest.name,
    location: config.destination,
    source: { name: manifest.name, location: o.location, inputShape: manifest.inputShape },
    steps: stepsOf(pipeline, notes),
    samples: { train: train.samples, test: test.samples },
    classes: manifest.classes,
    inputShape: pipeline.sampleShape,
    dtype: pipeline.dtype,
    pca: pca && {
      components: pca.explainedVarianceRatio.length,
      varianceKept: pca.explainedVarianceRatio.reduce((sum, share) => sum + share, 0),
    },
    testError: testErrorOf(staged, test.shards.length),
    workers: workerHosts(config.hosts).length,
    keptSamples: kept.samples,
    seconds,
    samplesPerSecond: (train.samples + test.samples - kept.samples) / seconds,
  };
}

function stepsOf(pipeline: Pipeline, notes: Pick<Notes, 'fitSeconds'>): StepReport[] {
  const spelt = pipeline.text.split(',');
  let shape = pipeline.inputShape;
  return pipeline.steps.map((step, i) => {
    shape = step.outputShape(shape);
    return { step: spelt[i] ?? step.kind, shape, fitSeconds: notes.fitSeconds(i) };
  });
}

function testErrorOf(staged: Pick<StagedShards, 'get'>, shards: number): PreprocessReport['testError'] {
  let sum = NO_ERROR;
  for (let index = 0; index < shards; index++) {
    const found = ERROR_SCHEMA.safeParse(staged.get('test', index)?.extra);
    if (!found.success) return null;
    sum = addErrors(sum, found.data);
  }
  const { squared, deviation, values } = sum;
  return values > 0
    ? { rmse: Math.sqrt(squared / values), varianceLost: deviation > 0 ? squared / deviation : 0 }
    : null;
}
