import { SafetensorsError } from './errors.js';
import { duplicateKey } from './json-keys.js';
import { type Dtype, elementBytes, elementCount, isDtype } from './tensor.js';

/** Longest header that the format allows, in bytes. */
export const maxHeaderBytes = 100_000_000;

/** Bytes before the header: its length as u64. */
export const lengthBytes = 8;

/** Where one tensor lies in its file. */
export interface TensorRange {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** First byte in the file. */
  readonly begin: number;
  /** Byte after the last. */
  readonly end: number;
}

/** What a file says about itself: enough to read single tensors, or parts of them, by range. */
export interface SafetensorsHeader {
  readonly tensors: Readonly<Record<string, TensorRange>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** First byte of the data. */
  readonly dataStart: number;
  /** Bytes of the whole file. */
  readonly fileBytes: number;
}

const invalid = (message: string, cause?: unknown) => new SafetensorsError('INVALID_HEADER', message, { cause });
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Length of the JSON header, from the first 8 bytes of a file.
 *
 * @param bytes at least the first 8 bytes
 * @param fileBytes bytes of the whole file
 * @throws SafetensorsError TRUNCATED, HEADER_TOO_LONG
 */
export function headerLength(bytes: Uint8Array, fileBytes: number): number {
  if (fileBytes < lengthBytes || bytes.length < lengthBytes) {
    throw new SafetensorsError('TRUNCATED', `expected at least ${lengthBytes} bytes, got ${fileBytes}`);
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, lengthBytes).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    throw new SafetensorsError('HEADER_TOO_LONG', `expected a header of ≤ ${maxHeaderBytes} bytes, got ${length}`);
  }
  if (lengthBytes + Number(length) > fileBytes) {
    const message = `expected ${length} header bytes after byte ${lengthBytes}, the file has ${fileBytes} bytes`;
    throw new SafetensorsError('TRUNCATED', message);
  }
  return Number(length);
}

/**
 * Parses and checks the header of a file whose data need not be at hand.
 *
 * @param bytes the first 8 + headerLength(…) bytes of the file, or more
 * @param fileBytes bytes of the whole file
 * @throws SafetensorsError TRUNCATED, HEADER_TOO_LONG, INVALID_HEADER, UNSUPPORTED_DTYPE, INVALID_OFFSETS
 * @example const { tensors } = decodeSafetensorsHeader(firstBytes, size); read(tensors.w.begin, tensors.w.end);
 */
export function decodeSafetensorsHeader(bytes: Uint8Array, fileBytes: number = bytes.length): SafetensorsHeader {
  const dataStart = lengthBytes + headerLength(bytes, fileBytes);
  if (bytes.length < dataStart) {
    throw new SafetensorsError('TRUNCATED', `expected the first ${dataStart} bytes, got ${bytes.length}`);
  }
  const entries = parseEntries(bytes.subarray(lengthBytes, dataStart));
  // No prototype: a tensor named __proto__ or constructor is a tensor like any other.
  const tensors = Object.create(null) as Record<string, TensorRange>;
  const metadata = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(entries)) {
    if (name === '__metadata__') Object.assign(metadata, parseMetadata(value));
    else tensors[name] = parseRange(name, value, dataStart);
  }
  assertContiguous(tensors, dataStart, fileBytes);
  return { tensors, metadata, dataStart, fileBytes };
}

function parseEntries(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(`expected a JSON header, got ${(cause as Error).message}`, cause);
  }
  if (!text.startsWith('{') || !isObject(value)) throw invalid('expected the header to begin with "{"');
  const twice = duplicateKey(text);
  if (twice !== undefined) throw invalid(`key ${JSON.stringify(twice)} stands twice`);
  return value;
}

function parseMetadata(value: unknown): Record<string, string> {
  if (!isObject(value)) throw invalid('expected __metadata__ to be an object of strings');
  const metadata = Object.create(null) as Record<string, string>;
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw invalid(`expected a string for metadata ${JSON.stringify(key)}`);
    metadata[key] = text;
  }
  return metadata;
}

function parseRange(name: string, value: unknown, dataStart: number): TensorRange {
  const where = `tensor ${JSON.stringify(name)}`;
  if (!isObject(value)) throw invalid(`${where}: expected an object`);
  // Own properties only: JSON may hold a key "__proto__", and a missing key must not be found on a prototype.
  const own = new Map(Object.entries(value));
  const dtype = own.get('dtype');
  if (!isDtype(dtype)) {
    throw new SafetensorsError('UNSUPPORTED_DTYPE', `${where}: unsupported dtype ${JSON.stringify(dtype)}`);
  }
  const shape = own.get('shape');
  const elements = elementCount(shape);
  if (Number.isNaN(elements)) throw invalid(`${where}: invalid shape ${JSON.stringify(shape)}`);
  const offsets = own.get('data_offsets');
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every((o) => Number.isSafeInteger(o) && o >= 0)) {
    throw invalid(`${where}: expected data_offsets [begin, end], got ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== elements * elementBytes(dtype)) {
    const message = `${where}: ${dtype} ${JSON.stringify(shape)} needs ${elements * elementBytes(dtype)} bytes, offsets [${begin}, ${end}] give ${end - begin}`;
    throw new SafetensorsError('INVALID_OFFSETS', message);
  }
  return { dtype, shape: shape as number[], begin: dataStart + begin, end: dataStart + end };
}

/** The format wants the data covered exactly once: no overlap, no hole, nothing after the last tensor. */
function assertContiguous(tensors: Record<string, TensorRange>, dataStart: number, fileBytes: number): void {
  const ranges = Object.entries(tensors).sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = dataStart;
  for (const [name, { begin, end }] of ranges) {
    const where = `tensor ${JSON.stringify(name)}`;
    if (begin !== covered) {
      const what = begin < covered ? 'overlaps the one before it' : 'leaves a hole before it';
      const message = `${where} ${what}: begins at data byte ${begin - dataStart}, expected ${covered - dataStart}`;
      throw new SafetensorsError('INVALID_OFFSETS', message);
    }
    covered = end;
    if (end > fileBytes) {
      const message = `${where} ends at byte ${end}, the file has ${fileBytes} bytes`;
      throw new SafetensorsError('TRUNCATED', message);
    }
  }
  if (covered !== fileBytes) {
    const message = `expected the last tensor to end at byte ${fileBytes}, the end of the file, got ${covered}`;
    throw new SafetensorsError('INVALID_OFFSETS', message);
  }
}
