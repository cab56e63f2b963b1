/** A whole run as a function: `import { train } from '@weft/cluster'`. */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { type Dataset, DTYPES, imageShape, type Manifest, type StorageOptions } from '@weft/hdfs-loader';
import { chooseEngine, describeModel, getParameters, getState, modelToJson } from '@weft/models';
import { configure, type RunConfig, storageOptions, type TrainOptions, tensorflowDir } from './config.js';
import { coordinate } from './coordinator.js';
import { resolveDataset } from './dataset.js';
import { ClusterError, interrupted, oneLine } from './errors.js';
import type { Audit } from './ledger.js';
import { type Locality, localityOf, NOWHERE } from './locality.js';
import { type LayersModel, requireModel, resolveModel } from './model-source.js';
import { INSECURE } from './node-connection.js';
import { withPid } from './node-group.js';
import { normalizationOf } from './normalization.js';
import { type RunReport, runReport } from './report.js';
import { PREPROCESSING_FILE, RunFolder } from './run-folder.js';
import { type EpochReport, RunMetrics, type Running } from './run-metrics.js';

/** Watches a run. Every method may be left out. */
export interface RunView {
  /** One line about what is being done. */
  line?(text: string): void;
  /** The run is decided and its folder is there. */
  begin?(run: { config: RunConfig; samples: number; runDir: string }): void;
  /** After each report of a worker. */
  progress?(running: Running): void;
  /** After each epoch's evaluation. */
  epoch?(epoch: EpochReport): void;
}

/** Between two lines of progress in metrics.jsonl. */
const METRIC_MS = 1_000;

/**
 * Trains a model over several processes of this machine, and writes a run folder.
 *
 * @param options what the command line's flags say, by their names in camelCase
 * @param o.signal stops the run; every process has ended when the promise rejects
 * @returns the content of report.json
 * @throws {ClusterError} with one line: what was expected, what came, where
 * @example const report = await train({ trainer: 'adag', model: 'mlp', epochs: 1 })
 */
export async function train(
  options: TrainOptions = {},
  o: { signal?: AbortSignal; view?: RunView } = {},
): Promise<RunReport> {
  const started = performance.now();
  const { view = {} } = o;
  const signal = o.signal ?? new AbortController().signal;
  const config = configure(options, process.env);

  requireModel(config.model);

  const onLine = (line: string): void => view.line?.(line);
  const storage = storageOptions(options, process.env, onLine);
  const dataset = await resolveDataset(config.dataset, { dataHome: config.dataHome, storage, onLine, signal });
  try {
    const { manifest } = dataset;
    requireBatchFits(config, manifest);
    requireBufferFits(config, manifest);
    requireImages(config, manifest);
    const model = await resolveModel(config.model, { manifest, seed: config.seed });
    try {
      requireEngine(config.engine, model);
      return await trainModel(model, { config, storage, dataset, signal, view, started });
    } finally {
      model.dispose();
    }
  } finally {
    await dataset.close();
  }
}

interface Job {
  readonly config: RunConfig;
  /** How HDFS is reached. It may hold a token: it is written nowhere. */
  readonly storage: StorageOptions;
  readonly dataset: Dataset;
  readonly signal: AbortSignal;
  readonly view: RunView;
  /** When the work began, in milliseconds of performance.now(). */
  readonly started: number;
}

async function trainModel(model: LayersModel, job: Job): Promise<RunReport> {
  const { config, storage, signal, view } = job;
  const folder = await RunFolder.create(config.runDir, { trainer: config.trainer, storage, signal });
  let report: RunReport;
  try {
    report = await trainInto(folder, model, job);
  } catch (error) {
    // What went wrong first is what the user is told.
    await folder.close({ failed: true }).catch((second: unknown) => view.line?.(oneLine(second)));
    throw error;
  }
  await folder.close({ failed: false });
  return report;
}

async function trainInto(folder: RunFolder, model: LayersModel, job: Job): Promise<RunReport> {
  const { config, storage, dataset, signal, view, started } = job;
  const { manifest, location } = dataset;
  const { name, split, subsets, inputShape, dtype, labelNames, preprocessing } = manifest;
  const normalization = normalizationOf(manifest);
  const run = randomBytes(8).toString('hex');
  await folder.writeJson('config.json', {
    run,
    ...config,
    dataset: { name, split, location, inputShape, dtype, labelNames, preprocessing: preprocessing?.steps ?? null },
    normalization,
  });
  // A run is all that prediction needs.
  if (preprocessing) await folder.copyIn(PREPROCESSING_FILE, pipelineOf(dataset, preprocessing.file, signal));
  view.begin?.({ config, samples: subsets.train.samples, runDir: folder.location });

  if (config.insecure) view.line?.(INSECURE);
  const metrics = new RunMetrics({ workers: config.workers, now: () => performance.now() });
  let engine = '';
  let epochNow = 0;
  let nextMetricMs = 0;
  let correctByClass: ArrayLike<number> = [];
  const { parameters, state, shards, audit } = await coordinate({
    config,
    run,
    topology: modelToJson(model),
    initial: getParameters(model),
    initialState: getState(model),
    dataset,
    storage,
    locality: config.ordered ? NOWHERE : await near(dataset, config, signal),
    normalization,
    logDir: folder.logDir,
    signal,
    onStarted: (nodes) => view.line?.(`started ${nodes.map(withPid).join(', ')}`),
    onEngine: (worker, name, reason) => {
      if (engine === '') view.line?.(`engine ${name}: ${reason}`);
      else if (name !== engine) view.line?.(`worker ${worker} uses engine ${name}: ${reason}`);
      engine ||= name;
    },
    onEpochStart: (epoch) => {
      epochNow = epoch;
      metrics.startEpoch();
    },
    onProgress: (worker, progress) => {
      metrics.progress(worker, progress);
      const running = metrics.running(epochNow);
      view.progress?.(running);
      if (performance.now() < nextMetricMs) return undefined;
      nextMetricMs = performance.now() + METRIC_MS;
      return folder.metric({ type: 'progress', ...running });
    },
    onEpochTrained: () => metrics.endTraining(),
    onEpochScored: (epoch, scores) => {
      correctByClass = scores.correctByClass ?? correctByClass;
      const report = metrics.endEpoch(epoch, scores);
      const written = folder.metric({ type: 'epoch', ...report }).then(() => folder.flush());
      // Waited for by the coordinator, also where the view throws.
      written.catch(() => {});
      view.epoch?.(report);
      return written;
    },
  });

  requireAllTrained(audit);
  await folder.flush();
  await folder.writeWeights(model, { parameters, state, metadata: { trainer: config.trainer, dataset: name, split } });
  const report = runReport({
    config,
    manifest,
    engine,
    parameters: describeModel(model).parameters,
    epochs: metrics.epochs,
    correctByClass,
    shards,
    audit,
    seconds: (performance.now() - started) / 1000,
    runDir: folder.location,
  });
  await folder.writeJson('report.json', report);
  return report;
}

/** Asks now what would otherwise come from a worker: whether the engine that was asked for can run this model. */
function requireEngine(engine: RunConfig['engine'], model: LayersModel): void {
  try {
    chooseEngine({ engine, model: modelToJson(model), tensorflowDir: tensorflowDir(process.env) });
  } catch (error) {
    throw new ClusterError('usage', `--engine: ${oneLine(error)}`, { cause: error });
  }
}

/** Where the shards lie, as far as that tells workers apart. */
async function near(dataset: Dataset, { hosts }: RunConfig, signal: AbortSignal): Promise<Locality> {
  try {
    return await localityOf(dataset.subset('train'), { hosts, signal });
  } catch (error) {
    if (signal.aborted) throw interrupted();
    throw new ClusterError('data', `data set ${dataset.manifest.name}: ${oneLine(error)}`, { cause: error });
  }
}

/** The bytes of the pipeline that made a data set. */
async function* pipelineOf({ manifest, readBeside }: Dataset, file: string, signal: AbortSignal) {
  try {
    yield* readBeside(file, { signal });
  } catch (error) {
    if (signal.aborted) throw interrupted();
    throw new ClusterError('data', `data set ${manifest.name}: ${oneLine(error)}`, { cause: error });
  }
}

/** Asks now what would otherwise come from a worker. */
function requireImages({ augment }: RunConfig, { name, inputShape }: Manifest): void {
  if (augment === '') return;
  try {
    imageShape(inputShape);
  } catch (error) {
    throw new ClusterError('usage', `--augment: data set ${name}: ${oneLine(error)}`, { cause: error });
  }
}

/** Books that do not close mean a run that is not what its report would say. */
function requireAllTrained({ expected, never }: Audit): void {
  if (never > 0)
    throw new ClusterError('node', `audit: ${expected} samples trained expected, ${never} of them never were`);
}

/** Batches come from one group of shards: where even the largest is below a batch, none would be whole. */
function requireBufferFits({ batchSize, shuffleBytes }: RunConfig, { inputShape, dtype, subsets }: Manifest): void {
  const { shards } = subsets.train;
  const batchBytes = inputShape.reduce((product, size) => product * size, batchSize * DTYPES[dtype].bytes);
  if (shuffleBytes >= batchBytes || shards.some(({ samples }) => samples >= batchSize)) return;
  const message = `--shuffle-buffer: at least ${batchBytes} bytes expected (a batch of ${batchSize} samples), got ${shuffleBytes}`;
  throw new ClusterError('usage', message);
}

/** A batch must fit into a worker's equal share of the training samples: else some worker would have nothing to do. */
function requireBatchFits({ batchSize, workers }: RunConfig, { name, subsets }: Manifest): void {
  const { samples } = subsets.train;
  const share = Math.floor(samples / workers);
  if (batchSize <= share) return;
  if (share < 1) {
    const message = `data set ${name}: a training sample for each of ${workers} workers expected, got ${samples} samples`;
    throw new ClusterError('data', message);
  }
  throw new ClusterError(
    'usage',
    `--batch-size: at most ${share} expected (${samples} training samples over ${workers} workers), got ${batchSize}`,
  );
}
