export { PreprocessingError, type PreprocessingErrorCode } from './errors.js';
export { Flatten } from './flatten.js';
export { CenterCrop } from './images/center-crop.js';
export { Grayscale } from './images/grayscale.js';
export type { ImageSize } from './images/image-shape.js';
export { PerImageNormalizer } from './images/per-image-normalizer.js';
export { Resize } from './images/resize.js';
export { type Label, LabelIndex } from './labels/label-index.js';
export { OneHot } from './labels/one-hot.js';
export type { Matrix, Values } from './matrix.js';
export { type Affine, type MinMaxOptions, MinMaxScaler } from './min-max-scaler.js';
export { type Moments, mergeMoments, momentsOf } from './moments.js';
export { Pca, type PcaMethod, type PcaOptions } from './pca/pca.js';
export { Pipeline, type PipelineFitOptions } from './pipeline/pipeline.js';
export { Reshape } from './reshape.js';
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
