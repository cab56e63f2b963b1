export { PreprocessingError, type PreprocessingErrorCode } from './errors.js';
export type { Matrix, Values } from './matrix.js';
export { type Affine, type MinMaxOptions, MinMaxScaler } from './min-max-scaler.js';
export { type Moments, mergeMoments, momentsOf } from './moments.js';
export { OneHot } from './one-hot.js';
export {
  decodeTransformer,
  encodeTransformer,
  loadTransformer,
  saveTransformer,
  transformerFromJSON,
} from './saved-transformer.js';
export { StandardScaler } from './standard-scaler.js';
export type {
  AllReduce,
  Chunks,
  ElementType,
  FitOptions,
  FitProgress,
  Transformer,
  TransformerClass,
  TransformerJson,
} from './transformer.js';
