/** Why data, a state or an argument was refused. */
export type PreprocessingErrorCode =
  /** Thrown when a transformer is used before fit, or was fitted on no rows. */
  | 'NOT_FITTED'
  /** Thrown when a matrix does not have the features, or a buffer the room, that is expected. */
  | 'SHAPE_MISMATCH'
  /** Thrown when data holds NaN, infinity or a label out of range; the message names row and feature. */
  | 'INVALID_VALUE'
  /** Thrown when a saved state is not one of the expected kind and form. */
  | 'INVALID_STATE'
  /** Thrown when an option is out of its range. */
  | 'INVALID_ARGUMENT'
  /** Thrown when a step needs @weft/native's addon, which is not built or does not load here. */
  | 'NO_ADDON';

/** Thrown when data cannot be fitted or transformed, or a saved state cannot be read. */
export class PreprocessingError extends Error {
  override readonly name = 'PreprocessingError';
  readonly code: PreprocessingErrorCode;
  /** Always false: the same data gives the same answer. */
  readonly retryable = false;

  constructor(code: PreprocessingErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
