/** A whole preprocessing as a function: `import { preprocess } from '@weft/cluster'`. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import {
  type Dataset,
  LoaderError,
  type Manifest,
  openStorage,
  type StagedShards,
  type StorageOptions,
  stageShards,
} from '@weft/hdfs-loader';
import { decodeTransformer, encodeTransformer, Pipeline } from '@weft/preprocessing';
import { storageOptions } from '../config.js';
import { openSource } from '../dataset.js';
import { ClusterError, interrupted, oneLine } from '../errors.js';
import { INSECURE } from '../node-connection.js';
import { withPid } from '../node-group.js';
import { limitSlots } from '../run-hosts.js';
import { configurePreprocess, type PreprocessConfig, type PreprocessOptions } from './config.js';
import { coordinatePreprocess, STATE_FILE } from './coordination.js';
import type { FitRunning } from './fit-progress.js';
import { type Nearness, nearness } from './nearness.js';
import { Notes } from './notes.js';
import { type PreprocessReport, preprocessReport } from './report.js';
import { pageOf, REPORT_FILE } from './report-page.js';
import { ShardQueue } from './shard-queue.js';
import { slices } from './slices.js';

/** Shards that are whole. */
export interface TransformRunning {
  /** Those of earlier processes included. */
  readonly samples: number;
  readonly totalSamples: number;
  readonly shards: number;
  readonly totalShards: number;
  /** Of `samples`, those that earlier processes have made. */
  readonly keptSamples: number;
}

/** Watches a preprocessing. Every method may be left out. */
export interface PreprocessView {
  /** One line about what is being done. */
  line?(text: string): void;
  /** It is decided, and its staging folder is there. */
  begin?(o: { config: PreprocessConfig; manifest: Manifest; steps: string }): void;
  /** A worker has told how far its fit is. */
  fit?(running: FitRunning): void;
  /** A step is fitted and kept. */
  fitted?(o: { step: string; seconds: number }): void;
  /** A shard is whole and kept. */
  transform?(running: TransformRunning): void;
}

/** Changes when the same steps give something else. */
const VERSION = 1;

/**
 * Fits a pipeline on the training split of a data set and transforms all of it, over several processes of this machine. What was
 * interrupted goes on with the same options: steps that are fitted and shards that are made stay so.
 *
 * @param options what the command line says, by names in camelCase
 * @param o.signal stops it; every process has ended when the promise rejects
 * @throws {ClusterError} with one line: what was expected, what came, where
 * @example const { location } = await preprocess({ source: 'fashion-mnist', destination: 'small', steps: 'pca=50,standardize' });
 */
export async function preprocess(
  options: PreprocessOptions,
  o: { signal?: AbortSignal; view?: PreprocessView } = {},
): Promise<PreprocessReport> {
  const startedMs = performance.now();
  const { view = {} } = o;
  const signal = o.signal ?? new AbortController().signal;
  const asked = configurePreprocess(options, process.env);
  const onLine = (line: string): void => view.line?.(line);
  const storage = storageOptions(options, process.env, onLine);
  const source = await openSource(asked.source, { dataHome: asked.dataHome, storage, onLine, signal });
  try {
    // Each worker has training samples to learn from.
    const config = { ...asked, hosts: limitSlots(asked.hosts, Math.max(1, source.manifest.subsets.train.samples)) };
    const parsed = parseSteps(config, source.manifest);
    const destination = await loader(signal, async () => openStorage(config.destination, storage));
    try {
      const plan = planOf(config, source.manifest, parsed);
      const { restart, overwrite } = config;
      const staged = await loader(signal, () =>
        stageShards(destination, plan, { restart, overwrite, signal, onNotice: onLine }),
      );
      try {
        return await preprocessInto(staged, { config, storage, source, parsed, signal, view, startedMs });
      } finally {
        await staged.leave();
      }
    } finally {
      await destination.storage.close();
    }
  } finally {
    await source.close();
  }
}

interface Job {
  readonly config: PreprocessConfig;
  readonly storage: StorageOptions;
  readonly source: Dataset;
  /** Nothing of it is fitted yet. */
  readonly parsed: Pipeline;
  readonly signal: AbortSignal;
  readonly view: PreprocessView;
  readonly startedMs: number;
}

async function preprocessInto(staged: StagedShards, job: Job): Promise<PreprocessReport> {
  const { config, source, signal, view, startedMs } = job;
  const { manifest } = source;
  const { subsets, split, note, labelNames } = manifest;
  const [notes, begun] = await loader(signal, async () => [await Notes.open(staged), await resume(staged, job.parsed)]);
  const near = await loader(signal, () => nearness(source, { hosts: config.hosts, signal }));
  const has: StagedShards['has'] = (subset, index) => staged.has(subset, index);
  const queue = new ShardQueue({ subsets, has, nearness: near?.ofWorker });
  const kept = queue.done;
  view.begin?.({ config, manifest, steps: begun.text });
  if (config.insecure) view.line?.(INSECURE);
  const pipeline =
    begun.isFitted && queue.isDone ? begun : await runWorkers(staged, { ...job, pipeline: begun, queue, notes, near });
  const report = preprocessReport({
    ...{ config, manifest, pipeline, notes, staged, kept },
    location: source.location,
    seconds: secondsSince(startedMs),
  });
  return await loader(signal, async () => {
    await staged.writeFile(`data/${REPORT_FILE}`, Buffer.from(await pageOf({ report, pipeline, source, signal })));
    const { sampleShape: inputShape, dtype, text: steps } = pipeline;
    await staged.finish({
      ...{ split, labelNames, inputShape, dtype },
      note: `${note} Preprocessed: ${steps}.`.trim(),
      preprocessing: { file: STATE_FILE, steps },
    });
    return { ...report, seconds: secondsSince(startedMs) };
  });
}

async function runWorkers(
  staged: StagedShards,
  o: Job & { pipeline: Pipeline; queue: ShardQueue; notes: Notes; near: Nearness | null },
): Promise<Pipeline> {
  const { config, source, storage, pipeline, queue, notes, near, signal, view } = o;
  const { train, test } = source.manifest.subsets;
  const totalSamples = train.samples + test.samples;
  const totalShards = train.shards.length + test.shards.length;
  const keptSamples = queue.done.samples;
  const steps = pipeline.text.split(',');
  const logDir = await mkdtemp(join(tmpdir(), 'weft-preprocess-'));
  const state = await coordinatePreprocess({
    ...{ config, source, staged, storage, pipeline, queue, notes, logDir, signal },
    run: randomBytes(8).toString('hex'),
    pieces: slices(train.shards, { hosts: config.hosts, locality: near?.ofHost }),
    onLine: (line) => view.line?.(line),
    onStarted: (nodes) => view.line?.(`started ${nodes.map(withPid).join(', ')}`),
    onFit: (running) => view.fit?.(running),
    onFitted: (step, seconds) => view.fitted?.({ step: steps[step] ?? '', seconds }),
    onWritten: () => view.transform?.({ ...queue.done, totalSamples, totalShards, keptSamples }),
  }).catch(async (error: unknown) => {
    // The logs of a run that failed stay: its error names them.
    if (signal.aborted) await rm(logDir, { recursive: true, force: true });
    throw error;
  });
  await rm(logDir, { recursive: true, force: true });
  return pipelineOf(state);
}

function pipelineOf(bytes: Uint8Array): Pipeline {
  const decoded = decodeTransformer(bytes, STATE_FILE);
  if (decoded instanceof Pipeline) return decoded;
  throw new ClusterError('data', `${STATE_FILE}: a pipeline expected, got ${decoded.kind}`);
}

/** The pipeline as far as an earlier process has fitted it. */
async function resume(staged: StagedShards, parsed: Pipeline): Promise<Pipeline> {
  const bytes = await staged.readFile(`data/${STATE_FILE}`);
  if (bytes !== null) return pipelineOf(bytes);
  // Steps that learn nothing are what is saved.
  if (parsed.isFitted) await staged.writeFile(`data/${STATE_FILE}`, encodeTransformer(parsed));
  return parsed;
}

/** @throws {ClusterError} `usage` where steps are unknown, or do not fit the images or their number */
function parseSteps({ steps }: PreprocessConfig, { name, inputShape, dtype, subsets }: Manifest): Pipeline {
  let pipeline: Pipeline;
  try {
    pipeline = Pipeline.parse(steps, inputShape, dtype);
  } catch (error) {
    throw new ClusterError('usage', `--steps: ${oneLine(error)}`, { cause: error });
  }
  const { samples } = subsets.train;
  if (samples === 0) throw new ClusterError('data', `data set ${name}: training samples expected, there are none`);
  const components = Math.max(0, ...pipeline.text.split(',').map((step) => Number(/^pca=(\d+)/.exec(step)?.[1] ?? 0)));
  if (components > samples) {
    const message = `--steps: at most pca=${samples} expected (${name} has ${samples} training samples), got pca=${components}`;
    throw new ClusterError('usage', message);
  }
  return pipeline;
}

/** What decides every byte, but for the rounding of sums. */
function planOf({ seed, name }: PreprocessConfig, manifest: Manifest, { text }: Pipeline) {
  const { train, test } = manifest.subsets;
  const hash = createHash('sha256').update(JSON.stringify({ VERSION, manifest, text, seed }));
  return {
    fingerprint: hash.digest('hex'),
    name: name ?? manifest.name,
    shards: { train: train.shards.length, test: test.shards.length },
  };
}

/** What goes wrong with a storage or a data set, as an error of this package. */
async function loader<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ClusterError) throw error;
    if (signal.aborted) throw interrupted();
    const isUsage = error instanceof LoaderError && error.code === 'INVALID_ARGUMENT';
    throw new ClusterError(isUsage ? 'usage' : 'data', oneLine(error), { cause: error });
  }
}

const secondsSince = (ms: number): number => (performance.now() - ms) / 1000;
