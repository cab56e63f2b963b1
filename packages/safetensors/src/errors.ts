/** Why a file, buffer or tensor was refused. */
export type SafetensorsErrorCode =
  /** Thrown when a tensor or metadata entry that is to be written does not fit the format. */
  | 'INVALID_TENSOR'
  /** Thrown when the bytes end before the header or the data does. */
  | 'TRUNCATED'
  /** Thrown when the header's length is above the format's 100 MB. */
  | 'HEADER_TOO_LONG'
  /** Thrown when the header is not a JSON object of the expected form, or names a key twice. */
  | 'INVALID_HEADER'
  /** Thrown when a tensor has an element type that is not one of `Dtype`. */
  | 'UNSUPPORTED_DTYPE'
  /** Thrown when offsets overlap, leave a hole, go past the end or do not match the shape. */
  | 'INVALID_OFFSETS'
  /** Thrown when the operating system refuses a read or write; `cause` is its error. */
  | 'IO';

/** Thrown when bytes are not a valid safetensors file, or cannot be read or written. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
  readonly code: SafetensorsErrorCode;
  /** Always false: the same bytes give the same answer. */
  readonly retryable = false;

  constructor(code: SafetensorsErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
