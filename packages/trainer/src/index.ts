export type { Vector } from '@weft/native';
export {
  type Algorithm,
  type BoundShard,
  type BoundWorker,
  bindShard,
  bindWorker,
  type Context,
  type LocalStep,
  type Meta,
  type Plan,
  type RuleOptions,
  type Settings,
  type ShardRule,
  type TrainerDefaults,
  type WorkerRule,
} from './algorithm.js';
export { ALGORITHMS, type AlgorithmName, algorithm } from './algorithms/index.js';
export type { BatchSource, SampleRange } from './batch-source.js';
export type { Evaluation } from './class-counts.js';
export { TrainerError, type TrainerErrorCode } from './errors.js';
export { type LocalShard, localLink } from './local-link.js';
export { OPTIMIZERS, type OptimizerName, optimizer } from './optimizers/index.js';
export type { Optimizer, OptimizerState } from './optimizers/optimizer.js';
export { ParameterShard, type PushId, type PushResult } from './parameter-shard.js';
export { shardLink } from './shard-client.js';
export type { ShardLink } from './shard-link.js';
export { ShardKind } from './shard-messages.js';
export { shardHandler } from './shard-server.js';
export { StalenessHistogram, type StalenessSummary } from './staleness.js';
export { type Progress, TrainingWorker, type TrainingWorkerOptions } from './training-worker.js';
export { runWorker, type Task, type TaskSource } from './worker-loop.js';
