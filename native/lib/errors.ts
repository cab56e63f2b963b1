/** What went wrong in the addon. */
export type NativeErrorCode =
  /** build/Release/weft.node is missing or does not load here. */
  | 'no-addon'
  /** A plan that contradicts itself. */
  | 'bad-plan'
  /** Arrays that do not fit the plan, a class that does not exist, a detached buffer. */
  | 'bad-batch'
  /** An option outside of its range. */
  | 'bad-argument'
  /** The loss is NaN or infinite. */
  | 'not-finite'
  /** The engine computes, and was asked for what only an idle one can give. */
  | 'busy'
  /** The engine was disposed. */
  | 'disposed'
  /** oneDNN or the operating system refused. */
  | 'engine-failed'
  /** A GPU was asked for, and CUDA's libraries or the GPU are not there. */
  | 'no-device'
  /** Memory of this machine or of the GPU does not suffice. */
  | 'out-of-memory'
  /** CUDA or LAPACK refused. */
  | 'device-failed';

/** Thrown when the addon cannot be loaded or the engine cannot do what it was asked. The message is one line. */
export class NativeError extends Error {
  readonly code: NativeErrorCode;
  /** No error of this package goes away by itself. */
  readonly retryable = false;

  constructor(code: NativeErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'NativeError';
    this.code = code;
  }
}
