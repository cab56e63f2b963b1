export { INT8_BLOCK, int8Bytes, ONE_BIT_BLOCK, oneBitBytes } from './blocks.js';
export {
  type CollectiveJob,
  type CollectiveOutcome,
  CollectiveRunner,
  ENCODING_CODES,
  hasCollectiveRunner,
  RECEIVE_FLAGS,
  TRANSFER_FIELDS,
} from './collective-runner.js';
export { Engine, type EngineBatch, type EngineOptimizer, type EngineScores, type LayerProfile } from './engine.js';
export { NativeError, type NativeErrorCode } from './errors.js';
export { readFiles } from './files.js';
export { decodeJpegs, hasJpeg, type JpegForm } from './jpeg.js';
export {
  adagradApply,
  adagradStep,
  adamStep,
  add,
  axpy,
  clip,
  crc32c,
  crc32cMismatch,
  elastic,
  fromBfloat,
  fromHalf,
  int8DecodeBlocks,
  int8EncodeBlocks,
  matrixProduct,
  momentumStep,
  oneBitDecodeBlocks,
  oneBitEncodeBlocks,
  orthonormalize,
  rebase,
  rmspropStep,
  scale,
  scaledDifference,
  sgdStep,
  toBfloat,
  toHalf,
  topK,
} from './kernels.js';
export type { ProductShape } from './matrix.js';
export { type AddonResult, addon, type NativeAddon } from './native.js';
export {
  type CudaLibraries,
  hasPca,
  type IncrementalState,
  MOST_SCATTER_FEATURES,
  PcaIncremental,
  PcaKrylov,
  type PcaOptions,
  PcaProjection,
  type PcaRows,
  PcaScatter,
} from './pca.js';
export {
  type EngineActivation,
  type EngineHead,
  type EngineLoss,
  type EngineOp,
  type EngineOpKind,
  type EnginePlan,
  type EngineRegularizer,
  type EngineTensor,
  featuresOf,
} from './plan.js';
export type { Vector } from './vector.js';
