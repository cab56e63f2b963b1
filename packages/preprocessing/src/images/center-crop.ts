import { PreprocessingError } from '../errors.js';
import { assertMatrix, type Matrix, outputLike } from '../matrix.js';
import { shapeText } from '../shape.js';
import { readState } from '../state-reader.js';
import type { ElementType, Transformer, TransformerJson } from '../transformer.js';
import { assertSameShape, assertSize, type ImageShape, type ImageSize, imageShape } from './image-shape.js';

/**
 * Cuts h × w pixels out of the middle of H × W:
 *
 *   y[r, c] = x[r + ⌊(H − h)/2⌋, c + ⌊(W − w)/2⌋]
 *
 * @example new CenterCrop([32, 32, 3], { height: 28, width: 28 }).outputShape([32, 32, 3]) // [28, 28, 3]
 */
export class CenterCrop implements Transformer {
  static readonly kind = 'center-crop';
  readonly kind = CenterCrop.kind;
  readonly isFitted = true;
  readonly inputShape: readonly number[];
  readonly size: ImageSize;
  readonly #image: ImageShape;

  /** @throws PreprocessingError SHAPE_MISMATCH, INVALID_ARGUMENT */
  constructor(inputShape: readonly number[], { height, width }: ImageSize) {
    this.#image = imageShape(inputShape);
    assertSize({ height, width });
    if (height > this.#image.height || width > this.#image.width) {
      const message = `expected images of at least ${shapeText([height, width])} pixels, got ${shapeText(inputShape)}`;
      throw new PreprocessingError('SHAPE_MISMATCH', message);
    }
    this.inputShape = [...inputShape];
    this.size = { height, width };
  }

  /** @throws PreprocessingError SHAPE_MISMATCH */
  outputShape(inputShape: readonly number[]): readonly number[] {
    assertSameShape(this.inputShape, inputShape);
    return [this.size.height, this.size.width, this.#image.channels];
  }

  outputType(inputType: ElementType): ElementType {
    return inputType;
  }

  fit(): Promise<this> {
    return Promise.resolve(this);
  }

  /** Rows of H · W · C values to rows of h · w · C. @throws PreprocessingError SHAPE_MISMATCH */
  transform(x: Matrix, out?: Float32Array): Matrix {
    const { height: H, width: W, channels } = this.#image;
    const { height: h, width: w } = this.size;
    assertMatrix(x, H * W * channels);
    const y = outputLike(x, h * w * channels, out);
    const line = w * channels;
    const first = (Math.floor((H - h) / 2) * W + Math.floor((W - w) / 2)) * channels;
    for (let row = 0, to = 0; row < x.rows; row++) {
      for (let r = 0, from = row * x.features + first; r < h; r++, from += W * channels, to += line) {
        y.values.set(x.values.subarray(from, from + line), to);
      }
    }
    return y;
  }

  toJSON(): TransformerJson {
    return { kind: this.kind, version: 1, inputShape: [...this.inputShape], size: [this.size.height, this.size.width] };
  }

  /** @throws PreprocessingError INVALID_STATE */
  static fromJSON(json: unknown): CenterCrop {
    const state = readState(json, CenterCrop.kind);
    const [height, width] = state.numbers('size', 2) as [number, number];
    return state.made(() => new CenterCrop(state.shape('inputShape'), { height, width }));
  }
}
