/** A worker of `cluster preprocess`: fits with the others on its share of the training samples, then transforms shards. */
import { performance } from 'node:perf_hooks';
import { type Dataset, openDataset, openStorage, writeShard } from '@weft/hdfs-loader';
import { decodeTransformer, encodeTransformer, type FitProgress, Pipeline } from '@weft/preprocessing';
import type { Connection } from '@weft/transport';
import { ControlKind, type NodeStart, readHeader, toHeader } from '../control-messages.js';
import { ClusterError, oneLine } from '../errors.js';
import { BARRIER_MS, EXCHANGE_MS, START_MS } from '../timing.js';
import { chunksOf } from './chunks.js';
import { PREPROCESS_SCHEMAS, type PreprocessJob, PreprocessKind, type ShardDone, type ShardTask } from './messages.js';
import { readAhead } from './read-ahead.js';
import { Reconstruction } from './reconstruction.js';
import { joinRing } from './ring.js';
import { transformShard } from './transform-shard.js';

/** Between two reports of a pass. */
const PROGRESS_MS = 200;

interface Worker {
  readonly start: NodeStart;
  readonly control: Connection;
  readonly job: PreprocessJob;
  readonly source: Dataset;
}

/** Runs a worker to its end. Rejects when it cannot go on. */
export async function runPreprocessNode(start: NodeStart, control: Connection): Promise<void> {
  const where = `${start.role} ${start.rank}`;
  const joined = await control.request(ControlKind.join, {}, { timeoutMs: START_MS });
  const job = readHeader(PREPROCESS_SCHEMAS.job, joined.header, `${where}: job`);
  const source = await openDataset(job.source.location, job.source.storage);
  try {
    const worker = { start, control, job, source };
    if (job.fits) await fit(worker, pipelineOf(joined.payload, where));
    // What is transformed by is what was saved, whoever fitted it.
    const { payload } = await control.request(ControlKind.state, {}, { timeoutMs: BARRIER_MS });
    await transformShards(worker, pipelineOf(payload, where));
  } finally {
    await source.close();
  }
}

function pipelineOf(bytes: Uint8Array, where: string): Pipeline {
  const decoded = decodeTransformer(bytes, `${where}: fitted steps`);
  if (decoded instanceof Pipeline) return decoded;
  throw new ClusterError('node', `${where}: a pipeline expected, got ${decoded.kind}`);
}

async function fit({ start, control, job, source }: Worker, pipeline: Pipeline): Promise<void> {
  const ring = await joinRing(start, control, { size: job.workers });
  let reported = { step: '', pass: 0 };
  let nextMs = 0;
  // Where the connection is gone this process ends with it.
  const say = (kind: number, header: object): void => {
    control.notify(kind, toHeader(header)).catch(() => {});
  };
  const onProgress = (progress: FitProgress): void => {
    const { step, pass, passes, rows } = progress;
    const now = performance.now();
    if (step === reported.step && pass === reported.pass && now < nextMs) return;
    nextMs = now + PROGRESS_MS;
    reported = { step, pass };
    say(ControlKind.progress, { step, pass, passes, rows });
  };
  await pipeline.fit(chunksOf(source, job.pieces), {
    allReduce: ring,
    seed: job.seed,
    device: job.device,
    threads: job.threads,
    cacheBytes: job.cacheBytes,
    onProgress,
    onNotice: (line) => say(PreprocessKind.notice, { line }),
    onStepFitted: async (step) => {
      if (start.rank > 0) return;
      const header = toHeader({ step, isLast: pipeline.isFitted });
      const sendView = Buffer.concat(encodeTransformer(pipeline));
      await control.request(PreprocessKind.fitted, header, { sendView, timeoutMs: BARRIER_MS });
    },
  });
  // Not where the fit has failed: the others would lose their neighbour before the coordinator has heard why. The process ends then.
  await ring.close();
}

async function transformShards({ start, control, job, source }: Worker, pipeline: Pipeline): Promise<void> {
  const { staging, classes } = job;
  const inputShape = pipeline.sampleShape;
  const reconstruction = Reconstruction.of(pipeline);
  const { storage } = openStorage(staging.location, staging.storage);
  const next = async (): Promise<Extract<ShardTask, { kind: 'transform' }> | null> => {
    const { header } = await control.request(ControlKind.next, {}, { timeoutMs: BARRIER_MS });
    const task = readHeader(PREPROCESS_SCHEMAS.task, header, `${start.role} ${start.rank}: task`);
    return task.kind === 'stop' ? null : task;
  };
  try {
    for await (const { ref, samples } of readAhead(source, next)) {
      const { subset, index } = ref;
      const measured = subset === 'test' ? reconstruction : null;
      const made = await transformShard(samples, { pipeline, reconstruction: measured }).catch((error: unknown) => {
        throw new ClusterError('data', `${subset} shard ${index}: ${oneLine(error)}`, { cause: error });
      });
      const shard = await writeShard(
        { storage, dir: staging.dir },
        { subset, index, inputShape, classes, samples: made.samples },
      );
      const done: ShardDone = { subset, index, shard, error: made.error };
      await control.request(PreprocessKind.written, toHeader(done), { timeoutMs: EXCHANGE_MS });
    }
  } finally {
    await storage.close();
  }
}
