import { SafetensorsError } from './errors.js';

/** The typed array that holds each element type. F16 and BF16 are raw 16-bit patterns. */
export interface TensorArrays {
  F64: Float64Array;
  F32: Float32Array;
  F16: Uint16Array;
  BF16: Uint16Array;
  I64: BigInt64Array;
  U64: BigUint64Array;
  I32: Int32Array;
  U32: Uint32Array;
  I16: Int16Array;
  U16: Uint16Array;
  I8: Int8Array;
  U8: Uint8Array;
}

/** Element types, by their names in the header. */
export type Dtype = keyof TensorArrays;

/** Any array that holds a tensor. */
export type TensorArray = TensorArrays[Dtype];

/** Row-major elements with their type and shape. `[]` is the shape of a scalar. Narrow on `dtype` to narrow `data`. */
export type Tensor = {
  [D in Dtype]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: TensorArrays[D] };
}[Dtype];

interface ElementType {
  readonly bytes: number;
  readonly view: (buffer: ArrayBufferLike, byteOffset: number, length: number) => TensorArray;
  readonly matches: (data: unknown) => boolean;
}

// In the order in which the reference implementation lays tensors out: the widest first, so each starts aligned.
const ELEMENT_TYPES: Record<Dtype, ElementType> = {
  U64: { bytes: 8, view: (b, o, n) => new BigUint64Array(b, o, n), matches: (d) => d instanceof BigUint64Array },
  I64: { bytes: 8, view: (b, o, n) => new BigInt64Array(b, o, n), matches: (d) => d instanceof BigInt64Array },
  F64: { bytes: 8, view: (b, o, n) => new Float64Array(b, o, n), matches: (d) => d instanceof Float64Array },
  F32: { bytes: 4, view: (b, o, n) => new Float32Array(b, o, n), matches: (d) => d instanceof Float32Array },
  U32: { bytes: 4, view: (b, o, n) => new Uint32Array(b, o, n), matches: (d) => d instanceof Uint32Array },
  I32: { bytes: 4, view: (b, o, n) => new Int32Array(b, o, n), matches: (d) => d instanceof Int32Array },
  BF16: { bytes: 2, view: (b, o, n) => new Uint16Array(b, o, n), matches: (d) => d instanceof Uint16Array },
  F16: { bytes: 2, view: (b, o, n) => new Uint16Array(b, o, n), matches: (d) => d instanceof Uint16Array },
  U16: { bytes: 2, view: (b, o, n) => new Uint16Array(b, o, n), matches: (d) => d instanceof Uint16Array },
  I16: { bytes: 2, view: (b, o, n) => new Int16Array(b, o, n), matches: (d) => d instanceof Int16Array },
  I8: { bytes: 1, view: (b, o, n) => new Int8Array(b, o, n), matches: (d) => d instanceof Int8Array },
  U8: { bytes: 1, view: (b, o, n) => new Uint8Array(b, o, n), matches: (d) => d instanceof Uint8Array },
};

/** All element types, in the order in which a file lays them out. */
export const dtypes: readonly Dtype[] = Object.keys(ELEMENT_TYPES) as Dtype[];

/** Whether a name from a header is one of `dtypes`. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === 'string' && Object.hasOwn(ELEMENT_TYPES, name);
}

/** Bytes of one element. */
export function elementBytes(dtype: Dtype): number {
  return ELEMENT_TYPES[dtype].bytes;
}

/** Elements in a shape (1 for a scalar), or NaN when it is not an array of sizes or above 2^53 − 1. */
export function elementCount(shape: unknown): number {
  if (!Array.isArray(shape)) return Number.NaN;
  let product = 1;
  for (const size of shape as unknown[]) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return Number.NaN;
    product *= size;
  }
  return Number.isSafeInteger(product) ? product : Number.NaN;
}

/**
 * The bytes at [byteOffset, byteOffset + byteLength) as a tensor: a view where the address is aligned to the element,
 * else a copy.
 */
export function tensorView(
  dtype: Dtype,
  shape: readonly number[],
  bytes: Uint8Array,
  range: { begin: number; end: number },
): Tensor {
  const type = ELEMENT_TYPES[dtype];
  const part = bytes.subarray(range.begin, range.end);
  const aligned = part.byteOffset % type.bytes === 0 ? part : new Uint8Array(part);
  return { dtype, shape, data: type.view(aligned.buffer, aligned.byteOffset, part.length / type.bytes) } as Tensor;
}

/** Throws INVALID_TENSOR unless type, shape and array of a tensor that is to be written fit one another. */
export function assertTensor(name: string, tensor: Tensor): void {
  const { dtype, shape, data } = tensor;
  const refuse = (what: string): never => {
    throw new SafetensorsError('INVALID_TENSOR', `tensor ${JSON.stringify(name)}: ${what}`);
  };
  if (!isDtype(dtype)) refuse(`expected a dtype of ${dtypes.join(', ')}, got ${String(dtype)}`);
  const elements = elementCount(shape);
  if (Number.isNaN(elements)) refuse(`expected a shape of non-negative integers, got ${JSON.stringify(shape)}`);
  if (!ELEMENT_TYPES[dtype].matches(data)) refuse(`${dtype} does not go with ${data?.constructor?.name}`);
  if (data.length !== elements) {
    refuse(`shape [${shape.join(', ')}] has ${elements} elements, data has ${data.length}`);
  }
}
