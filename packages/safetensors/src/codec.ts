import { SafetensorsError } from './errors.js';
import { decodeSafetensorsHeader, lengthBytes, maxHeaderBytes } from './header.js';
import { assertTensor, dtypes, type Tensor, tensorView } from './tensor.js';

// file   = length header data
// length = u64, little-endian
// header = JSON { "__metadata__"?: { KEY: TEXT }, NAME: { dtype, shape, data_offsets: [begin, end] } … }, then spaces to 8
// data   = the tensors' little-endian elements, widest element type first, without gaps; offsets count from its start

/** What a file holds. Both records have no prototype, so any name is safe. */
export interface DecodedSafetensors {
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Lays tensors out as one safetensors file, in parts: first the header, then a view of each tensor's own memory. Nothing
 * is copied, so the tensors must not change until the parts are written. The same input gives the same bytes.
 *
 * @param tensors name → tensor; little-endian hosts only
 * @param metadata name → text
 * @throws SafetensorsError INVALID_TENSOR, HEADER_TOO_LONG
 * @see https://huggingface.co/docs/safetensors/index#format
 * @example const bytes = Buffer.concat(encodeSafetensors({ w: { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) } }));
 */
export function encodeSafetensors(tensors: Record<string, Tensor>, metadata?: Record<string, string>): Uint8Array[] {
  const entries = Object.entries(tensors);
  for (const [name, tensor] of entries) {
    assertName(name);
    assertTensor(name, tensor);
  }
  entries.sort(
    ([nameA, a], [nameB, b]) => dtypes.indexOf(a.dtype) - dtypes.indexOf(b.dtype) || (nameA < nameB ? -1 : 1),
  );
  const fields: string[] = [];
  if (metadata !== undefined) fields.push(`"__metadata__":${metadataJson(metadata)}`);
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    const data_offsets = [offset, offset + data.byteLength];
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets })}`);
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset += data.byteLength;
  }
  return [headerBytes(`{${fields.join(',')}}`), ...parts];
}

/**
 * Reads a whole file that is in memory. Tensors are views of `bytes` wherever their address is aligned: always so for
 * files of this package in a buffer of their own; a misaligned tensor is copied.
 *
 * @throws SafetensorsError TRUNCATED, HEADER_TOO_LONG, INVALID_HEADER, UNSUPPORTED_DTYPE, INVALID_OFFSETS
 * @example const { tensors } = decodeSafetensors(bytes); if (tensors.w?.dtype === 'F32') use(tensors.w.data);
 */
export function decodeSafetensors(bytes: Uint8Array): DecodedSafetensors {
  const header = decodeSafetensorsHeader(bytes);
  const tensors = Object.create(null) as Record<string, Tensor>;
  for (const [name, range] of Object.entries(header.tensors)) {
    tensors[name] = tensorView(range.dtype, range.shape, bytes, range);
  }
  return { tensors, metadata: header.metadata };
}

function assertName(name: string): void {
  const where = JSON.stringify(name);
  if (name === '__metadata__') throw new SafetensorsError('INVALID_TENSOR', 'the name "__metadata__" is reserved');
  // Other readers refuse a header that is not UTF-8.
  if (LONE_SURROGATE.test(name)) throw new SafetensorsError('INVALID_TENSOR', `name ${where} has a lone surrogate`);
}

function metadataJson(metadata: Record<string, string>): string {
  const fields = Object.entries(metadata).map(([key, text]) => {
    if (typeof text !== 'string' || LONE_SURROGATE.test(key) || LONE_SURROGATE.test(text)) {
      throw new SafetensorsError('INVALID_TENSOR', `metadata ${JSON.stringify(key)}: expected well-formed text`);
    }
    return `${JSON.stringify(key)}:${JSON.stringify(text)}`;
  });
  return `{${fields.join(',')}}`;
}

function headerBytes(json: string): Uint8Array {
  const jsonBytes = Buffer.byteLength(json);
  const paddedBytes = Math.ceil(jsonBytes / 8) * 8;
  if (paddedBytes > maxHeaderBytes) {
    const message = `expected a header of ≤ ${maxHeaderBytes} bytes, got ${paddedBytes}`;
    throw new SafetensorsError('HEADER_TOO_LONG', message);
  }
  const part = Buffer.alloc(lengthBytes + paddedBytes, ' ');
  part.writeBigUInt64LE(BigInt(paddedBytes));
  part.write(json, lengthBytes);
  return part;
}
