import type { Sharp } from 'sharp';
import { PreprocessingError } from '../errors.js';
import { assertMatrix, type Matrix, unchanged } from '../matrix.js';
import { readState } from '../state-reader.js';
import type { ElementType, Transformer, TransformerJson } from '../transformer.js';
import { assertSameShape, assertSize, type ImageShape, type ImageSize, imageShape } from './image-shape.js';
import { loadSharp } from './sharp.js';

/** Images that libvips works on at a time: enough for its threads never to wait, few enough to hold little memory. */
const IN_FLIGHT = 8;

/**
 * Scales images so that they cover h × w pixels, and cuts what is over at the centre:
 *
 *   s = max(h/H, w/W);  H × W → ⌈sH⌋ × ⌈sW⌋ by Lanczos' kernel, a = 3  → the middle h × w
 *
 * Bytes of 1 or 3 channels in, bytes out; by sharp, off the main thread.
 *
 * @example const small = await new Resize([200, 160, 3], { height: 128, width: 128 }).transform(images);
 */
export class Resize implements Transformer {
  static readonly kind = 'resize';
  readonly kind = Resize.kind;
  readonly isFitted = true;
  readonly inputShape: readonly number[];
  readonly size: ImageSize;
  readonly #image: ImageShape;

  /** @throws PreprocessingError SHAPE_MISMATCH, INVALID_ARGUMENT */
  constructor(inputShape: readonly number[], { height, width }: ImageSize) {
    this.#image = imageShape(inputShape);
    assertSize(this.#image);
    assertSize({ height, width });
    this.inputShape = [...inputShape];
    this.size = { height, width };
  }

  /** @throws PreprocessingError SHAPE_MISMATCH */
  outputShape(inputShape: readonly number[]): readonly number[] {
    assertSameShape(this.inputShape, inputShape);
    return [this.size.height, this.size.width, this.#image.channels];
  }

  /** @throws PreprocessingError INVALID_ARGUMENT */
  outputType(inputType: ElementType): ElementType {
    if (inputType !== 'uint8') refuseElements(inputType);
    return inputType;
  }

  fit(): Promise<this> {
    return Promise.resolve(this);
  }

  /**
   * Rows of H · W · C bytes to rows of h · w · C bytes. The rows must not change until the promise settles.
   *
   * @throws PreprocessingError SHAPE_MISMATCH, INVALID_ARGUMENT for other elements
   */
  async transform(x: Matrix): Promise<Matrix> {
    const { height: H, width: W, channels } = this.#image;
    const { height, width } = this.size;
    assertMatrix(x, H * W * channels);
    const { values, rows } = x;
    if (!(values instanceof Uint8Array)) return refuseElements(values.constructor.name);
    if (H === height && W === width) return unchanged(x);
    const sharp = await loadSharp();
    const features = height * width * channels;
    const y = { values: new Uint8Array(rows * features), rows, features };
    const raw = { height: H, width: W, channels: channels as 1 | 3 };
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < rows) {
        const row = next++;
        const image = sharp(values.subarray(row * x.features, (row + 1) * x.features), { raw });
        y.values.set(await this.#resized(image), row * features);
      }
    };
    await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, rows) }, work));
    return y;
  }

  toJSON(): TransformerJson {
    return { kind: this.kind, version: 1, inputShape: [...this.inputShape], size: [this.size.height, this.size.width] };
  }

  /** @throws PreprocessingError INVALID_STATE */
  static fromJSON(json: unknown): Resize {
    const state = readState(json, Resize.kind);
    const [height, width] = state.numbers('size', 2) as [number, number];
    return state.made(() => new Resize(state.shape('inputShape'), { height, width }));
  }

  #resized(image: Sharp): Promise<Uint8Array> {
    const { height, width } = this.size;
    image.resize(width, height, { fit: 'cover', position: 'centre', kernel: 'lanczos3' });
    // Raw pixels come back with three channels otherwise.
    if (this.#image.channels === 1) image.toColourspace('b-w');
    return image.raw().toBuffer();
  }
}

function refuseElements(got: string): never {
  const message = `expected uint8 pixels, got ${got}: images are resized before steps that give float32`;
  throw new PreprocessingError('INVALID_ARGUMENT', message);
}
