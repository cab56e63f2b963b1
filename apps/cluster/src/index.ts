export type { ClassRecall, RecallReport } from './class-recall.js';
export type { RunConfig, TrainOptions } from './config.js';
export { ClusterError, type ClusterErrorCode } from './errors.js';
export { type Host, parseHosts } from './hosts.js';
export type { Audit } from './ledger.js';
export { type ClassScore, type Prediction, type PredictOptions, predict } from './predict.js';
export type { RunReport } from './report.js';
export type { EpochReport, Running, WorkerEpoch } from './run-metrics.js';
export { type RunView, train } from './train.js';
