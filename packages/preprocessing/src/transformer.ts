import type { Tensor } from '@weft/safetensors';
import type { Matrix } from './matrix.js';

/**
 * The training split in chunks of rows. Called once a pass, so a method that needs several passes (randomized PCA) can
 * have them, and no more than a chunk is in memory.
 */
export type Chunks = () => Iterable<Matrix> | AsyncIterable<Matrix>;

/** How a fit reports and stops. */
export interface FitOptions {
  /** Receives the rows that this pass has seen, after each chunk. */
  readonly onProgress?: (rows: number) => void;
  readonly signal?: AbortSignal;
}

/** A state that JSON carries. */
export interface TransformerJson {
  readonly kind: string;
  readonly version: number;
  readonly [field: string]: unknown;
}

/** One step of preprocessing: learns from the training split, then maps rows to rows. */
export interface Transformer {
  /** Names the class in saved states. */
  readonly kind: string;
  /** Learns from the training split only, forgetting what was learnt before. */
  fit(chunks: Chunks, options?: FitOptions): Promise<this>;
  /** Maps rows, into the start of `out` where given. A step that runs off the main thread gives a promise. */
  transform(x: Matrix, out?: Float32Array): Matrix<Float32Array> | Promise<Matrix<Float32Array>>;
  /** Maps rows back, exactly or as nearly as can be; absent where there is no way back. */
  inverse?(y: Matrix<Float32Array>): Matrix | Promise<Matrix>;
  /** The fitted state, but what `tensors` gives. Restores exactly. @throws PreprocessingError NOT_FITTED */
  toJSON(): TransformerJson;
  /** What of the fitted state is too large for JSON, such as principal components. */
  tensors?(): Record<string, Tensor>;
}

/** What a class of transformers offers besides its instances. */
export interface TransformerClass {
  readonly kind: string;
  /** The inverse of toJSON (and tensors). @throws PreprocessingError INVALID_STATE */
  fromJSON(json: unknown, tensors?: Readonly<Record<string, Tensor>>): Transformer;
}
