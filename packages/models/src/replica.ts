/** What an engine is asked for: one copy of a model on one device. */
import type { Vector } from '@weft/native';

/** Where one trainable weight lies in the flat vectors. */
export interface WeightRange {
  readonly name: string;
  readonly shape: readonly number[];
  /** First element, in float32 elements. */
  readonly offset: number;
  /** Number of elements. */
  readonly length: number;
}

/** The samples of one step. */
export interface Batch {
  /** size × features values, row-major. uint8 values are normalised by the replica: x ← scale · x + shift. */
  readonly inputs: Uint8Array | Float32Array;
  /** One class index a sample, or rows of values. */
  readonly targets: Uint16Array | Float32Array;
  /** One weight a sample; 1 where absent. */
  readonly weights?: Float32Array;
  /** Number of samples. */
  readonly size: number;
}

/** Means over a batch, and what is counted. */
export interface Scores {
  /** Mean loss per sample, regularisation not included. */
  readonly loss: number;
  /** Samples whose largest output is that of their class. */
  readonly correct: number;
  /** Number of samples. */
  readonly size: number;
}

/**
 * One copy of a model on one device. Vectors are flat float32 in the order of the model's trainable weights (tfjs
 * LayersModel order).
 */
export interface Replica {
  /** Which engine computes, for reports: 'tfjs-wasm', 'native', … */
  readonly engine: string;
  readonly layout: readonly WeightRange[];
  /** Live; not to be written while gradient(), evaluate() or predict() is pending. */
  readonly parameters: Vector;
  /** Filled by gradient(). */
  readonly gradients: Vector;
  /** Not trained: BatchNormalization's moving statistics, in the order of the non-trainable weights; averaged, never pushed as a delta. */
  readonly state: Vector;
  /** Mean gradient of the loss (and of the regularisation) over a batch, into `gradients`. Runs off the main thread. */
  gradient(batch: Batch): Promise<Scores>;
  /** Loss and number of correct predictions, in inference mode. */
  evaluate(batch: Batch): Promise<Scores>;
  /** Outputs (probabilities after a softmax head), size × classes. `targets` of the batch are not read. */
  predict(batch: Pick<Batch, 'inputs' | 'size'>): Promise<Vector>;
  /** Frees the device's memory. Every later call rejects. Idempotent. */
  dispose(): void;
}
