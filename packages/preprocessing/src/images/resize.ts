import { PreprocessingError } from '../errors.js';
import { assertMatrix, type Matrix, unchanged } from '../matrix.js';
import { readState } from '../state-reader.js';
import type { ElementType, Transformer, TransformerJson } from '../transformer.js';
import { assertSameShape, assertSize, type ImageShape, type ImageSize, imageShape } from './image-shape.js';
import { loadSharp, type Sharp } from './sharp.js';

/** Calls of libvips at a time: enough for its threads never to wait, few enough to hold little memory. */
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
    // A call costs as much for one channel as for three, which do not mix: gray images go three at a time.
    const together = channels === 1 ? 3 : 1;
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < rows) {
        const row = next;
        next = Math.min(rows, next + together);
        const images = values.subarray(row * x.features, next * x.features);
        const room = y.values.subarray(row * features, next * features);
        if (channels === 3) room.set(await this.#resized(sharp, images));
        else fromPixels(await this.#resized(sharp, toPixels(images, x.features)), room, features);
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

  /** One call: an image of three channels. */
  #resized(sharp: Sharp, pixels: Uint8Array): Promise<Uint8Array> {
    const { height, width } = this.#image;
    return sharp(pixels, { raw: { height, width, channels: 3 } })
      .resize(this.size.width, this.size.height, { fit: 'cover', position: 'centre', kernel: 'lanczos3' })
      .raw()
      .toBuffer();
  }
}

/** Up to three gray images of so many pixels, one after the other, as the channels of one; channels of none are 0. */
function toPixels(images: Uint8Array, pixels: number): Uint8Array {
  const interleaved = new Uint8Array(3 * pixels);
  for (let from = 0, channel = 0; from < images.length; channel++) {
    for (let to = channel; to < interleaved.length; to += 3) interleaved[to] = images[from++]!;
  }
  return interleaved;
}

/** The way back: the first channels, as images one after the other that fill `images`. */
function fromPixels(interleaved: Uint8Array, images: Uint8Array, pixels: number): void {
  for (let to = 0, channel = 0; to < images.length; channel++) {
    for (let from = channel; from < 3 * pixels; from += 3) images[to++] = interleaved[from]!;
  }
}

function refuseElements(got: string): never {
  const message = `expected uint8 pixels, got ${got}: images are resized before steps that give float32`;
  throw new PreprocessingError('INVALID_ARGUMENT', message);
}
