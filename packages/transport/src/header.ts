import { Packr } from 'msgpackr';
import { TransportError } from './errors.js';
import { MAX_HEADER_DEPTH, scanMsgpackMap } from './msgpack-scan.js';

/** A frame's header: a msgpack map of plain data: null, booleans, numbers, strings, arrays and maps of them. */
export type Header = Record<string, unknown>;

const packr = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number', variableMapSize: true });
const EMPTY = new Uint8Array(0);

/**
 * A header as msgpack. An empty one takes no bytes.
 *
 * @throws {TransportError} `configuration` naming the field that is not plain data: a Float32Array above all, of
 *   which msgpackr writes one byte per element and then whatever lies in its buffer, and which belongs into the payload; `limit` when it is longer than maxBytes
 * @example encodeHeader({ version: 3 }, 65536)
 */
export function encodeHeader(header: Header, maxBytes: number): Uint8Array {
  if (!isPlainObject(header)) throw refused('header', header);
  let empty = true;
  for (const key in header) {
    empty = false;
    checkValue(header[key], key, 1);
  }
  if (empty) return EMPTY;
  const bytes = packr.pack(header);
  if (bytes.length > maxBytes) {
    throw new TransportError('limit', `frame header: at most ${maxBytes} bytes expected, got ${bytes.length}`);
  }
  return bytes;
}

/**
 * The header in exactly these bytes. Nothing in it refers to them.
 *
 * @throws {TransportError} `header` when they are not one plain map
 * @example decodeHeader(encodeHeader({ version: 3 }, 65536)) // { version: 3 }
 */
export function decodeHeader(bytes: Uint8Array): Header {
  if (bytes.length === 0) return {};
  scanMsgpackMap(bytes);
  try {
    return packr.unpack(bytes) as Header;
  } catch (cause) {
    throw new TransportError('header', 'frame header: a msgpack map expected, got what cannot be decoded', { cause });
  }
}

function checkValue(value: unknown, path: string, depth: number): void {
  if (value === null) return;
  switch (typeof value) {
    case 'boolean':
    case 'number':
    case 'string':
      return;
    case 'object':
      break;
    default:
      throw refused(path, value);
  }
  if (depth >= MAX_HEADER_DEPTH) {
    throw new TransportError('configuration', `header.${path}: at most ${MAX_HEADER_DEPTH} levels expected, got more`);
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) checkValue(value[i], `${path}[${i}]`, depth + 1);
  } else if (isPlainObject(value)) {
    for (const key in value) checkValue(value[key], `${path}.${key}`, depth + 1);
  } else {
    throw refused(path, value);
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function refused(path: string, value: unknown): TransportError {
  const got = typeof value === 'object' ? ((value?.constructor?.name as string | undefined) ?? 'null') : typeof value;
  const hint = ArrayBuffer.isView(value) ? ': bytes and vectors belong into the payload' : '';
  return new TransportError(
    'configuration',
    `${path === 'header' ? '' : 'header.'}${path}: null, boolean, number, string, array or plain object expected, got ${got}${hint}`,
  );
}
