/** A whole run as a function: `import { train } from '@weft/cluster'`. */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import type { Manifest } from '@weft/hdfs-loader';
import { chooseEngine, describeModel, getParameters, getState, modelToJson } from '@weft/models';
import { configure, type RunConfig, type TrainOptions, tensorflowDir } from './config.js';
import { coordinate } from './coordinator.js';
import { resolveDataset } from './dataset.js';
import { ClusterError, oneLine } from './errors.js';
import type { Audit } from './ledger.js';
import { type LayersModel, requireModel, resolveModel } from './model-source.js';
import { withPid } from './node-group.js';
import { normalizationOf } from './normalization.js';
import { type RunReport, runReport } from './report.js';
import { RunFolder } from './run-folder.js';
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

  const { dir, dataset } = await resolveDataset(config.dataset, {
    dataHome: config.dataHome,
    onLine: (line) => view.line?.(line),
    signal,
  });
  const { manifest } = dataset;
  requireBatchFits(config, manifest);
  const normalization = await normalizationOf(dataset, signal);
  const model = await resolveModel(config.model, { manifest, seed: config.seed });
  try {
    requireEngine(config.engine, model);
    return await trainModel(model, { config, manifest, datasetDir: dir, normalization, signal, view, started });
  } finally {
    model.dispose();
  }
}

const INSECURE =
  'warning: --insecure: no TLS; whoever is on a network between the hosts can read and change what they say to each other';

interface Job {
  readonly config: RunConfig;
  readonly manifest: Manifest;
  readonly datasetDir: string;
  readonly normalization: { readonly scale: number; readonly shift: number };
  readonly signal: AbortSignal;
  readonly view: RunView;
  /** When the work began, in milliseconds of performance.now(). */
  readonly started: number;
}

async function trainModel(model: LayersModel, job: Job): Promise<RunReport> {
  const { config, manifest, datasetDir, normalization, signal, view, started } = job;
  const trainSamples = manifest.subsets.train.samples;
  const folder = RunFolder.create(config.runDir, config.trainer);
  const run = randomBytes(8).toString('hex');
  const dataset = { name: manifest.name, split: manifest.split, dir: datasetDir };
  folder.writeJson('config.json', { run, ...config, dataset, normalization });
  view.begin?.({ config, samples: trainSamples, runDir: folder.dir });

  if (config.insecure) view.line?.(INSECURE);
  const metrics = new RunMetrics({ workers: config.workers, now: () => performance.now() });
  let engine = '';
  let epochNow = 0;
  let nextMetricMs = 0;
  const { parameters, state, shards, audit } = await coordinate({
    config,
    run,
    topology: modelToJson(model),
    initial: getParameters(model),
    initialState: getState(model),
    datasetDir,
    normalization,
    trainSamples,
    testSamples: manifest.subsets.test.samples,
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
      if (performance.now() < nextMetricMs) return;
      nextMetricMs = performance.now() + METRIC_MS;
      folder.metric({ type: 'progress', ...running });
    },
    onEpochTrained: () => metrics.endTraining(),
    onEpochScored: (epoch, scores) => {
      const report = metrics.endEpoch(epoch, scores);
      folder.metric({ type: 'epoch', ...report });
      view.epoch?.(report);
    },
  });

  requireAllTrained(audit);
  const { name, split } = manifest;
  await folder.writeWeights(model, { parameters, state, metadata: { trainer: config.trainer, dataset: name, split } });
  const report = runReport({
    config,
    manifest,
    engine,
    parameters: describeModel(model).parameters,
    epochs: metrics.epochs,
    shards,
    audit,
    seconds: (performance.now() - started) / 1000,
    runDir: folder.dir,
  });
  folder.writeJson('report.json', report);
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

/** Books that do not close mean a run that is not what its report would say. */
function requireAllTrained({ expected, never }: Audit): void {
  if (never > 0)
    throw new ClusterError('node', `audit: ${expected} samples trained expected, ${never} of them never were`);
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
