import { assertMatrix, type Matrix, unchanged } from './matrix.js';
import { featuresOf } from './shape.js';
import { readState } from './state-reader.js';
import type { ElementType, Transformer, TransformerJson } from './transformer.js';

/**
 * Samples of any shape as vectors, their values as they are:
 *
 *   [a, b, …] → [a · b · …]
 *
 * @example new Flatten().outputShape([28, 28, 1]) // [784]
 */
export class Flatten implements Transformer {
  static readonly kind = 'flatten';
  readonly kind = Flatten.kind;
  readonly isFitted = true;

  outputShape(inputShape: readonly number[]): readonly number[] {
    return [featuresOf(inputShape)];
  }

  outputType(inputType: ElementType): ElementType {
    return inputType;
  }

  fit(): Promise<this> {
    return Promise.resolve(this);
  }

  /** The same rows, or their copy in `out`. @throws PreprocessingError SHAPE_MISMATCH */
  transform(x: Matrix, out?: Float32Array): Matrix {
    assertMatrix(x);
    return unchanged(x, out);
  }

  /** The same rows. */
  inverse(y: Matrix): Matrix {
    return y;
  }

  toJSON(): TransformerJson {
    return { kind: this.kind, version: 1 };
  }

  /** @throws PreprocessingError INVALID_STATE */
  static fromJSON(json: unknown): Flatten {
    readState(json, Flatten.kind);
    return new Flatten();
  }
}
