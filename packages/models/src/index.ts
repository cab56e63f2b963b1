export { describeModel, type ModelDescription } from './description.js';
export { chooseEngine, createReplica, type ReplicaOptions } from './engine.js';
export type { Engine, EngineName, ReplicaSetup } from './engine-slot.js';
export { ModelError, type ModelErrorCode } from './errors.js';
export type { Head } from './head.js';
export type { LossName } from './loss.js';
export { createModel, MODELS, type ModelDefinition, type ModelName, type ModelOptions } from './model.js';
export { loadModel, saveModel } from './model-file.js';
export { compilePlan } from './native-plan.js';
export { createNativeReplica, type NativeReplica, nativeUnavailable } from './native-replica.js';
export {
  getParameters,
  getState,
  layoutOf,
  parameterCount,
  setParameters,
  setState,
  stateCount,
  stateLayoutOf,
} from './parameters.js';
export type { Batch, Replica, Scores, WeightRange } from './replica.js';
export type { Normalization } from './tfjs-step.js';
export { modelFromJson, modelToJson } from './topology.js';
