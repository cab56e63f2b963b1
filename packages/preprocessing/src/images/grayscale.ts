import { assertMatrix, type Matrix, outputLike, unchanged } from '../matrix.js';
import { readState } from '../state-reader.js';
import type { ElementType, Transformer, TransformerJson } from '../transformer.js';
import { assertSameShape, type ImageShape, imageShape } from './image-shape.js';

/**
 * Colour to gray, by the luma of ITU-R BT.601:
 *
 *   Y = 0.299 R + 0.587 G + 0.114 B, rounded half up for bytes
 *
 * Bytes stay bytes, float32 stays float32. Gray images come out as they are.
 *
 * @see Recommendation ITU-R BT.601-7, 2.5.1
 * @example new Grayscale([28, 28, 3]).outputShape([28, 28, 3]) // [28, 28, 1]
 */
export class Grayscale implements Transformer {
  static readonly kind = 'grayscale';
  readonly kind = Grayscale.kind;
  readonly isFitted = true;
  readonly inputShape: readonly number[];
  readonly #image: ImageShape;

  /** @throws PreprocessingError SHAPE_MISMATCH */
  constructor(inputShape: readonly number[]) {
    this.#image = imageShape(inputShape);
    this.inputShape = [...inputShape];
  }

  /** @throws PreprocessingError SHAPE_MISMATCH */
  outputShape(inputShape: readonly number[]): readonly number[] {
    assertSameShape(this.inputShape, inputShape);
    return [this.#image.height, this.#image.width, 1];
  }

  outputType(inputType: ElementType): ElementType {
    return inputType;
  }

  fit(): Promise<this> {
    return Promise.resolve(this);
  }

  /** Rows of H · W · 3 values to rows of H · W. @throws PreprocessingError SHAPE_MISMATCH */
  transform(x: Matrix, out?: Float32Array): Matrix {
    const { height, width, channels } = this.#image;
    assertMatrix(x, height * width * channels);
    if (channels === 1) return unchanged(x, out);
    const y = outputLike(x, height * width, out);
    if (x.values instanceof Float32Array) lumaOfFloats(x.values, y.values, y.rows * y.features);
    else lumaOfIntegers(x.values, y.values, y.rows * y.features);
    return y;
  }

  toJSON(): TransformerJson {
    return { kind: this.kind, version: 1, inputShape: [...this.inputShape] };
  }

  /** @throws PreprocessingError INVALID_STATE */
  static fromJSON(json: unknown): Grayscale {
    const state = readState(json, Grayscale.kind);
    return state.made(() => new Grayscale(state.shape('inputShape')));
  }
}

function lumaOfIntegers(rgb: Matrix['values'], gray: Matrix['values'], pixels: number): void {
  for (let i = 0; i < pixels; i++) {
    const thousandths = 299 * rgb[3 * i]! + 587 * rgb[3 * i + 1]! + 114 * rgb[3 * i + 2]!;
    gray[i] = Math.floor((thousandths + 500) / 1000);
  }
}

function lumaOfFloats(rgb: Matrix['values'], gray: Matrix['values'], pixels: number): void {
  for (let i = 0; i < pixels; i++) {
    gray[i] = 0.299 * rgb[3 * i]! + 0.587 * rgb[3 * i + 1]! + 0.114 * rgb[3 * i + 2]!;
  }
}
