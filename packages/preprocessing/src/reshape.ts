import { assertMatrix, type Matrix, unchanged } from './matrix.js';
import { assertFeatures, featuresOf } from './shape.js';
import { readState } from './state-reader.js';
import type { ElementType, Transformer, TransformerJson } from './transformer.js';

/**
 * Samples in another shape of as many values, which stay as they are:
 *
 *   [784] → [28, 28, 1]
 *
 * @example new Reshape([28, 28, 1]).outputShape([784]) // [28, 28, 1]
 */
export class Reshape implements Transformer {
  static readonly kind = 'reshape';
  readonly kind = Reshape.kind;
  readonly isFitted = true;
  readonly shape: readonly number[];

  /** @throws PreprocessingError INVALID_ARGUMENT */
  constructor(shape: readonly number[]) {
    featuresOf(shape);
    this.shape = [...shape];
  }

  /** @throws PreprocessingError SHAPE_MISMATCH */
  outputShape(inputShape: readonly number[]): readonly number[] {
    assertFeatures(inputShape, featuresOf(this.shape));
    return this.shape;
  }

  outputType(inputType: ElementType): ElementType {
    return inputType;
  }

  fit(): Promise<this> {
    return Promise.resolve(this);
  }

  /** The same rows, or their copy in `out`. @throws PreprocessingError SHAPE_MISMATCH */
  transform(x: Matrix, out?: Float32Array): Matrix {
    assertMatrix(x, featuresOf(this.shape));
    return unchanged(x, out);
  }

  /** The same rows. */
  inverse(y: Matrix): Matrix {
    return y;
  }

  toJSON(): TransformerJson {
    return { kind: this.kind, version: 1, shape: [...this.shape] };
  }

  /** @throws PreprocessingError INVALID_STATE */
  static fromJSON(json: unknown): Reshape {
    const state = readState(json, Reshape.kind);
    return new Reshape(state.shape('shape'));
  }
}
