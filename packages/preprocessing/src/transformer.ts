import type { Tensor } from '@weft/safetensors';
import type { Matrix } from './matrix.js';

/**
 * The training split in chunks of rows. Called once a pass, so a method that needs several passes (randomized PCA) can
 * have them, and no more than a chunk is in memory. Each pass gives the same chunks; the memory of one may be used again
 * for the next.
 */
export type Chunks = () => Iterable<Matrix> | AsyncIterable<Matrix>;

/** What the elements of samples are: pixels, or numbers made of them. */
export type ElementType = 'uint8' | 'float32';

/** Sums over all workers of a fit, given by the app. All workers call it as often, with vectors of the same length. */
export interface AllReduce {
  /** This worker: 0 to size − 1. */
  readonly rank: number;
  /** Number of workers. */
  readonly size: number;
  /** Element-wise sum over all ranks, in place; ends with the same bits everywhere. */
  sum(vector: Float32Array): Promise<void>;
}

/** How far a fit is. */
export interface FitProgress {
  /** The step that learns: in a pipeline as it is spelt, `pca=784`; elsewhere its kind. */
  readonly step: string;
  /** The pass over the training split, from 1. */
  readonly pass: number;
  /** Passes in all; null where that is not known. */
  readonly passes: number | null;
  /** Rows that this pass has seen on this worker. */
  readonly rows: number;
}

/** How a fit reports, stops, and works with others. What a step has no use for, it ignores. */
export interface FitOptions {
  /** Called after each chunk. */
  readonly onProgress?: (progress: FitProgress) => void;
  readonly signal?: AbortSignal;
  /** Given: each worker has its own share of the rows, and all end with the same state, bit by bit. */
  readonly allReduce?: AllReduce;
  readonly device?: 'auto' | 'cpu' | 'gpu';
  readonly threads?: number;
  /** Of what is random in a fit; the step's own where it is not given. */
  readonly seed?: number;
  /** Receives what a user should know, such as a GPU that was not used: one line each. */
  readonly onNotice?: (line: string) => void;
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
  /** Whether rows can be transformed. True from the start for a step that learns nothing; false after a fit that failed. */
  readonly isFitted: boolean;
  /**
   * Shape of a sample that comes out, for one that goes in.
   *
   * @throws PreprocessingError SHAPE_MISMATCH; NOT_FITTED where only the fit decides it
   */
  outputShape(inputShape: readonly number[]): readonly number[];
  /** Elements that come out for those that go in. Absent: float32. @throws PreprocessingError INVALID_ARGUMENT */
  outputType?(inputType: ElementType): ElementType;
  /** Learns from the training split only, forgetting what was learnt before. */
  fit(chunks: Chunks, options?: FitOptions): Promise<this>;
  /**
   * Maps rows, into the start of `out` where given and where float32 comes out. What comes back may be what went in,
   * where nothing changes. A step that runs off the main thread gives a promise.
   */
  transform(x: Matrix, out?: Float32Array): Matrix | Promise<Matrix>;
  /** Maps rows back, exactly or as nearly as can be; absent where there is no way back. */
  inverse?(y: Matrix): Matrix | Promise<Matrix>;
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
