/** What went wrong with a model, a batch or an engine. */
export type ModelErrorCode =
  /** The file is not a layers-model, or its weights are missing, short or of another topology. */
  | 'bad-model-file'
  /** A topology that cannot be rebuilt, or a model without a fixed shape. */
  | 'bad-model'
  /** A model that is right, but that this engine cannot train. */
  | 'unsupported'
  /** An option or a vector of the wrong size. */
  | 'bad-argument'
  /** Arrays, labels or weights that do not fit the model. */
  | 'bad-batch'
  /** The loss is NaN or infinite. */
  | 'not-finite'
  /** The engine asked for cannot run here. */
  | 'engine-unavailable'
  /** The thread that computes ended by itself. */
  | 'worker-failed'
  /** The replica was disposed. */
  | 'disposed';

/** Thrown when a model cannot be read, built, trained or evaluated. The message is one line. */
export class ModelError extends Error {
  readonly code: ModelErrorCode;
  /** No error of this package goes away by itself. */
  readonly retryable = false;

  constructor(code: ModelErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(oneLine(message), options);
    this.name = 'ModelError';
    this.code = code;
  }
}

/** The first line of what was thrown: tfjs writes paragraphs. */
export function messageOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error));
}

function oneLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').trim();
}
