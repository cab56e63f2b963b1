import { readSafetensors, type Tensor, writeSafetensors } from '@weft/safetensors';
import { PreprocessingError } from './errors.js';
import { MinMaxScaler } from './min-max-scaler.js';
import { OneHot } from './one-hot.js';
import { StandardScaler } from './standard-scaler.js';
import type { Transformer, TransformerClass } from './transformer.js';

const CLASSES: ReadonlyMap<string, TransformerClass> = new Map(
  [MinMaxScaler, StandardScaler, OneHot].map((type): [string, TransformerClass] => [type.kind, type]),
);

/** Key of the JSON state in the file's metadata. */
const STATE = 'transformer';

/**
 * Restores a transformer of any kind from what `toJSON` (and `tensors`) gave.
 *
 * @throws PreprocessingError INVALID_STATE
 * @example const scaler = transformerFromJSON(JSON.parse(text));
 */
export function transformerFromJSON(json: unknown, tensors: Readonly<Record<string, Tensor>> = {}): Transformer {
  const kind = (json as { kind?: unknown } | null | undefined)?.kind;
  const type = typeof kind === 'string' ? CLASSES.get(kind) : undefined;
  if (!type) {
    const message = `expected a transformer of kind ${[...CLASSES.keys()].join(', ')}, got ${JSON.stringify(kind)}`;
    throw new PreprocessingError('INVALID_STATE', message);
  }
  return type.fromJSON(json, tensors);
}

/**
 * Saves a fitted transformer as one safetensors file: its JSON as metadata, its large arrays as tensors.
 *
 * @throws PreprocessingError NOT_FITTED; SafetensorsError IO
 * @example await saveTransformer('scaler.safetensors', scaler);
 */
export async function saveTransformer(path: string, transformer: Transformer): Promise<void> {
  await writeSafetensors(path, transformer.tensors?.() ?? {}, { [STATE]: JSON.stringify(transformer) });
}

/**
 * Reads what `saveTransformer` wrote.
 *
 * @throws PreprocessingError INVALID_STATE, its message beginning with the path; SafetensorsError
 * @example const scaler = await loadTransformer('scaler.safetensors');
 */
export async function loadTransformer(path: string): Promise<Transformer> {
  const { tensors, metadata } = await readSafetensors(path);
  try {
    return transformerFromJSON(JSON.parse(metadata[STATE] ?? 'null'), tensors);
  } catch (cause) {
    throw new PreprocessingError('INVALID_STATE', `${path}: ${(cause as Error).message}`, { cause });
  }
}
