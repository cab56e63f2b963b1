import { createHash } from 'node:crypto';
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
/** Key of the SHA-256 of that and of the tensors: a changed byte would be another prediction, without a word. */
const DIGEST = 'sha256';

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
  const tensors = transformer.tensors?.() ?? {};
  return encodeSafetensors(tensors, metadataOf(transformer, tensors));
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
  const tensors = transformer.tensors?.() ?? {};
  await writeSafetensors(path, tensors, metadataOf(transformer, tensors));
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

function metadataOf(transformer: Transformer, tensors: Readonly<Record<string, Tensor>>): Record<string, string> {
  const state = JSON.stringify(transformer);
  return { [STATE]: state, [DIGEST]: digestOf(state, tensors) };
}

function digestOf(state: string, tensors: Readonly<Record<string, Tensor>>): string {
  const hash = createHash('sha256').update(state);
  for (const [name, { dtype, shape, data }] of Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash
      .update(JSON.stringify([name, dtype, shape]))
      .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

function restored({ tensors, metadata }: DecodedSafetensors): Transformer {
  const { [STATE]: state = 'null', [DIGEST]: expected } = metadata;
  const transformer = transformerFromJSON(JSON.parse(state), tensors);
  if (expected === undefined) throw new Error('expected a SHA-256 of the state in the metadata, got none');
  const got = digestOf(state, tensors);
  if (got === expected) return transformer;
  throw new Error(`expected the SHA-256 ${expected}, got ${got}: the file is damaged`);
}

function located<T>(where: string, restore: () => T): T {
  try {
    return restore();
  } catch (cause) {
    throw new PreprocessingError('INVALID_STATE', `${where}: ${(cause as Error).message}`, { cause });
  }
}
