import {
  type DecodedSafetensors,
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  type Tensor,
  writeSafetensors,
} from '@weft/safetensors';
import { PreprocessingError } from './errors.js';
import { Pipeline } from './pipeline/pipeline.js';
import type { Transformer } from './transformer.js';
import { restoreStep } from './transformer-classes.js';

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
  return kind === Pipeline.kind ? Pipeline.fromJSON(json, tensors) : restoreStep(json, tensors);
}

/**
 * A fitted transformer, or a pipeline of which any number of steps are fitted, as the parts of one safetensors file: its
 * JSON as metadata, its large arrays as tensors. The parts are views: the transformer must not learn until they are written.
 *
 * @throws PreprocessingError NOT_FITTED
 * @example const bytes = Buffer.concat(encodeTransformer(scaler));
 */
export function encodeTransformer(transformer: Transformer): Uint8Array[] {
  return encodeSafetensors(transformer.tensors?.() ?? {}, metadataOf(transformer));
}

/**
 * Reads what `encodeTransformer` gave. Large arrays are views of `bytes` where they are aligned.
 *
 * @param where file, for messages
 * @throws PreprocessingError INVALID_STATE, its message beginning with `where`
 * @example const scaler = decodeTransformer(await storage.read(path), path);
 */
export function decodeTransformer(bytes: Uint8Array, where: string): Transformer {
  return located(where, () => restored(decodeSafetensors(bytes)));
}

/**
 * Saves a transformer as `encodeTransformer` lays it out. `path` holds what it held before or the whole new state.
 *
 * @throws PreprocessingError NOT_FITTED; SafetensorsError IO
 * @example await saveTransformer('scaler.safetensors', scaler);
 */
export async function saveTransformer(path: string, transformer: Transformer): Promise<void> {
  await writeSafetensors(path, transformer.tensors?.() ?? {}, metadataOf(transformer));
}

/**
 * Reads what `saveTransformer` wrote.
 *
 * @throws PreprocessingError INVALID_STATE, its message beginning with the path; SafetensorsError
 * @example const scaler = await loadTransformer('scaler.safetensors');
 */
export async function loadTransformer(path: string): Promise<Transformer> {
  const content = await readSafetensors(path);
  return located(path, () => restored(content));
}

const metadataOf = (transformer: Transformer): Record<string, string> => ({ [STATE]: JSON.stringify(transformer) });

const restored = ({ tensors, metadata }: DecodedSafetensors): Transformer =>
  transformerFromJSON(JSON.parse(metadata[STATE] ?? 'null'), tensors);

function located<T>(where: string, restore: () => T): T {
  try {
    return restore();
  } catch (cause) {
    throw new PreprocessingError('INVALID_STATE', `${where}: ${(cause as Error).message}`, { cause });
  }
}
