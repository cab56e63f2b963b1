import { assertFinite, assertMatrix, type Matrix, outputOf } from '../matrix.js';
import { featuresOf } from '../shape.js';
import { readState } from '../state-reader.js';
import type { Transformer, TransformerJson } from '../transformer.js';

/**
 * Gives every sample mean 0 and standard deviation 1 over its own values, all channels together:
 *
 *   z = (x − μ)/σ,  μ = Σx/d,  σ² = Σ(x − μ)²/d;  0 where all values of the sample are equal
 *
 * Learns nothing, and cannot be undone: μ and σ are not kept.
 *
 * @example const { values } = new PerImageNormalizer().transform(images);
 */
export class PerImageNormalizer implements Transformer {
  static readonly kind = 'per-image-normalizer';
  readonly kind = PerImageNormalizer.kind;
  readonly isFitted = true;

  outputShape(inputShape: readonly number[]): readonly number[] {
    featuresOf(inputShape);
    return inputShape;
  }

  fit(): Promise<this> {
    return Promise.resolve(this);
  }

  /** Into the start of `out` where given, also in place. @throws PreprocessingError SHAPE_MISMATCH, INVALID_VALUE */
  transform(x: Matrix, out?: Float32Array): Matrix<Float32Array> {
    assertMatrix(x);
    assertFinite(x);
    const z = outputOf(x.rows, x.features, out);
    const [from, to, { rows, features: d }] = [x.values, z.values, x];
    for (let row = 0; row < rows; row++) {
      const begin = row * d;
      const end = begin + d;
      const first = from[begin]!;
      // From the first value on, so that equal values have exactly that mean.
      let sum = 0;
      for (let i = begin; i < end; i++) sum += from[i]! - first;
      const mean = first + sum / d;
      let squares = 0;
      for (let i = begin; i < end; i++) squares += (from[i]! - mean) ** 2;
      const std = Math.sqrt(squares / d) || 1;
      for (let i = begin; i < end; i++) to[i] = (from[i]! - mean) / std;
    }
    return z;
  }

  toJSON(): TransformerJson {
    return { kind: this.kind, version: 1 };
  }

  /** @throws PreprocessingError INVALID_STATE */
  static fromJSON(json: unknown): PerImageNormalizer {
    readState(json, PerImageNormalizer.kind);
    return new PerImageNormalizer();
  }
}
