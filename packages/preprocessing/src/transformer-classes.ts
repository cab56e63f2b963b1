import type { Tensor } from '@weft/safetensors';
import { PreprocessingError } from './errors.js';
import { Flatten } from './flatten.js';
import { CenterCrop } from './images/center-crop.js';
import { Grayscale } from './images/grayscale.js';
import { PerImageNormalizer } from './images/per-image-normalizer.js';
import { Resize } from './images/resize.js';
import { LabelIndex } from './labels/label-index.js';
import { OneHot } from './labels/one-hot.js';
import { MinMaxScaler } from './min-max-scaler.js';
import { Pca } from './pca/pca.js';
import { Reshape } from './reshape.js';
import { StandardScaler } from './standard-scaler.js';
import type { Transformer, TransformerClass } from './transformer.js';

/** Every class whose state can be saved, but Pipeline, which is made of them. */
const TRANSFORMER_CLASSES: readonly TransformerClass[] = [
  MinMaxScaler,
  StandardScaler,
  PerImageNormalizer,
  Grayscale,
  Resize,
  CenterCrop,
  Flatten,
  Reshape,
  Pca,
  OneHot,
  LabelIndex,
];

const byKind: ReadonlyMap<string, TransformerClass> = new Map(TRANSFORMER_CLASSES.map((type) => [type.kind, type]));

/**
 * Restores a single step of any kind from what its `toJSON` and `tensors` gave.
 *
 * @throws PreprocessingError INVALID_STATE
 * @example const scaler = restoreStep(JSON.parse(text), {});
 */
export function restoreStep(json: unknown, tensors: Readonly<Record<string, Tensor>>): Transformer {
  const kind = (json as { kind?: unknown } | null | undefined)?.kind;
  const type = typeof kind === 'string' ? byKind.get(kind) : undefined;
  if (type) return type.fromJSON(json, tensors);
  const message = `expected a transformer of kind ${[...byKind.keys()].join(', ')}, got ${JSON.stringify(kind)}`;
  throw new PreprocessingError('INVALID_STATE', message);
}
