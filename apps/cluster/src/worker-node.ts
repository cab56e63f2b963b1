/** The worker process: data, model, engine, links to the shards, and the worker loop. */
import { performance } from 'node:perf_hooks';
import { openDataset, parseAugmentations } from '@weft/hdfs-loader';
import { chooseEngine, createReplica, type EngineName, type Replica } from '@weft/models';
import { algorithm, optimizer, runWorker, shardLink } from '@weft/trainer';
import { asFloat32, type Connection, connect, type ShardPeer } from '@weft/transport';
import { tensorflowDir } from './config.js';
import { ControlKind, type NodeStart, readHeader, SCHEMAS, toHeader, type WorkerJob } from './control-messages.js';
import { datasetBatches } from './dataset-batches.js';
import { ClusterError } from './errors.js';
import { nodeOptions } from './node-connection.js';
import { BARRIER_MS, EXCHANGE_MS, START_MS } from './timing.js';

/** What the coordinator may ask of a worker: its parameters, once it has some. */
export interface WorkerState {
  replica: Replica | null;
  /** Ends the process for a reason that no promise of the worker's carries. */
  readonly fail: (error: unknown) => void;
}

async function connectShards(start: NodeStart, job: WorkerJob): Promise<ShardPeer[]> {
  return Promise.all(
    job.shards.map(async ({ host, port, range }, rank) => ({
      range,
      connection: await connect({ ...nodeOptions(start), host, port, expect: { role: 'shard', rank } }),
    })),
  );
}

/** Runs a worker to its end. Rejects when it cannot go on. */
export async function runWorkerNode(start: NodeStart, control: Connection, state: WorkerState): Promise<void> {
  const where = `worker ${start.rank}`;
  const joined = await control.request(ControlKind.join, {}, { timeoutMs: START_MS });
  const job = readHeader(SCHEMAS.workerJob, joined.header, `${where}: job`);
  const model = {
    model: new TextDecoder().decode(joined.payload),
    engine: job.engine as EngineName,
    tensorflowDir: tensorflowDir(process.env),
  };

  const dataset = await openDataset(job.dataset.location, job.dataset.storage);
  const batches = datasetBatches({
    train: dataset.subset('train'),
    test: dataset.subset('test'),
    inputShape: dataset.manifest.inputShape,
    batchSize: job.batchSize,
    seed: job.seed,
    shuffleBytes: job.shuffleBytes,
    augment: job.augment === '' ? [] : parseAugmentations(job.augment),
  });
  const [peers, replica] = await Promise.all([
    connectShards(start, job),
    createReplica({
      ...model,
      normalization: job.normalization,
      seed: job.seed + start.rank,
      threads: job.threads,
    }),
    batches.load(job.first),
  ]);
  state.replica = replica;

  const initial = await control.request(
    ControlKind.parameters,
    { engine: replica.engine, reason: chooseEngine(model).reason },
    { timeoutMs: EXCHANGE_MS },
  );
  replica.parameters.set(asFloat32(initial.payload));
  if (replica.state.length > 0) {
    const state = await control.request(ControlKind.state, {}, { timeoutMs: EXCHANGE_MS });
    replica.state.set(asFloat32(state.payload));
  }
  const link = peers.length > 0 ? shardLink({ shards: peers, timeoutMs: EXCHANGE_MS }) : null;

  try {
    await runWorker(
      {
        rank: start.rank,
        incarnation: 0,
        workers: job.rule.workers,
        batchSize: job.batchSize,
        learningRate: job.learningRate,
        replica,
        rule: algorithm(job.rule.trainer).worker(job.rule),
        optimizer: optimizer(job.optimizer),
        link,
        batches,
        now: () => performance.now(),
        onProgress: (progress) => {
          // Where the connection is gone this process ends with it; any other failure would leave samples uncounted.
          control.notify(ControlKind.progress, toHeader(progress)).catch(state.fail);
        },
        averageState: async (vector) => {
          if (vector.length === 0) return;
          const { payload } = await control.request(
            ControlKind.averageState,
            {},
            { sendView: vector, timeoutMs: BARRIER_MS },
          );
          vector.set(asFloat32(payload));
        },
      },
      {
        next: async (finished) => {
          if (finished && !Number.isFinite(finished.loss)) {
            throw new ClusterError(
              'node',
              `a finite loss on the test images expected, got ${finished.loss}: training diverged (learning rate ${job.learningRate})`,
            );
          }
          const { correctByClass, ...scores } = finished ?? {};
          const { header } = await control.request(
            ControlKind.next,
            { finished: finished && scores },
            { sendView: correctByClass, timeoutMs: BARRIER_MS },
          );
          return readHeader(SCHEMAS.task, header, `${where}: task`);
        },
      },
    );
  } finally {
    await Promise.allSettled([...peers.map(({ connection }) => connection.close()), dataset.close()]);
  }
}
