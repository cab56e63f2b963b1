import { allGather } from './all-gather.js';
import { PreprocessingError } from './errors.js';
import { assertMatrix, type Matrix, outputOf } from './matrix.js';
import { onePass } from './one-pass.js';
import { mergeRanges, overallRange, type Ranges, rangesOf } from './ranges.js';
import { assertFeatures } from './shape.js';
import { readState } from './state-reader.js';
import type { AllReduce, Chunks, FitOptions, Transformer, TransformerJson } from './transformer.js';

/** One affine map for every value: x′ = scale · x + shift. What engines take as the normalisation of uint8 inputs. */
export interface Affine {
  readonly scale: number;
  readonly shift: number;
}

const MODES = ['global', 'per-feature'] as const;

/** How a MinMaxScaler scales. */
export interface MinMaxOptions {
  /** One range for all values (images), or one for each feature. Default 'global'. */
  readonly mode?: (typeof MODES)[number];
  /** [a, b], onto which the range is mapped. Default [0, 1]. */
  readonly range?: readonly [number, number];
}

/**
 * Maps the range of the training split onto [a, b]:
 *
 *   x′ = scale · x + shift,  scale = (b − a)/(max − min)  (b − a where max = min),  shift = a − scale · min
 *
 * @example MinMaxScaler.ofBounds(0, 255).toAffine() // { scale: 1/255, shift: 0 }
 */
export class MinMaxScaler implements Transformer {
  static readonly kind = 'min-max-scaler';
  readonly kind = MinMaxScaler.kind;
  readonly mode: (typeof MODES)[number];
  readonly range: readonly [number, number];
  // One element in global mode, one a feature otherwise.
  #ranges: Ranges | undefined;

  /** @throws PreprocessingError INVALID_ARGUMENT */
  constructor({ mode = 'global', range = [0, 1] }: MinMaxOptions = {}) {
    if (!MODES.includes(mode)) {
      throw new PreprocessingError('INVALID_ARGUMENT', `mode: expected ${MODES.join(' or ')}, got ${mode}`);
    }
    if (range.length !== 2 || !range.every(Number.isFinite) || !(range[0] < range[1])) {
      throw new PreprocessingError('INVALID_ARGUMENT', `range: expected [a, b] with a < b, got [${range.join(', ')}]`);
    }
    this.mode = mode;
    this.range = [range[0], range[1]];
  }

  /** A global scaler of known bounds, such as 0 and 255, that needs no fit. @throws PreprocessingError INVALID_ARGUMENT */
  static ofBounds(min: number, max: number, range?: readonly [number, number]): MinMaxScaler {
    if (!Number.isFinite(min) || !Number.isFinite(max) || min > max) {
      throw new PreprocessingError('INVALID_ARGUMENT', `expected finite bounds min ≤ max, got ${min} and ${max}`);
    }
    const scaler = new MinMaxScaler(range ? { range } : {});
    scaler.#ranges = { min: Float64Array.of(min), max: Float64Array.of(max) };
    return scaler;
  }

  /** Least value, of each feature or of all. @throws PreprocessingError NOT_FITTED */
  get min(): Float64Array {
    return this.#fitted().min;
  }

  /** Greatest value, of each feature or of all. @throws PreprocessingError NOT_FITTED */
  get max(): Float64Array {
    return this.#fitted().max;
  }

  get isFitted(): boolean {
    return this.#ranges !== undefined;
  }

  /** That of what goes in. @throws PreprocessingError SHAPE_MISMATCH */
  outputShape(inputShape: readonly number[]): readonly number[] {
    const features = this.#features();
    if (features !== undefined) assertFeatures(inputShape, features);
    return inputShape;
  }

  /** Learns the ranges in one pass. @throws PreprocessingError NOT_FITTED (no rows), SHAPE_MISMATCH, INVALID_VALUE */
  async fit(chunks: Chunks, options: FitOptions = {}): Promise<this> {
    this.#ranges = undefined;
    const learnt = new MinMaxScaler(this);
    await onePass(chunks, this.kind, options, (chunk) => learnt.update(chunk));
    const { allReduce } = options;
    const ranges = allReduce ? await rangesOfAll(allReduce, learnt.#ranges) : learnt.#ranges;
    this.#ranges = ranges;
    this.#fitted();
    return this;
  }

  /** Learns from more rows. @throws PreprocessingError SHAPE_MISMATCH, INVALID_VALUE */
  update(x: Matrix): void {
    assertMatrix(x, this.#features());
    if (x.rows === 0) return;
    const ranges = rangesOf(x);
    this.#add(this.mode === 'global' ? overallRange(ranges) : ranges);
  }

  /** Adds what another one, of other rows, has learnt. @throws PreprocessingError SHAPE_MISMATCH, INVALID_ARGUMENT */
  merge(other: MinMaxScaler): void {
    if (other.mode !== this.mode) {
      throw new PreprocessingError('INVALID_ARGUMENT', `expected a scaler of mode ${this.mode}, got ${other.mode}`);
    }
    if (other.#ranges) this.#add(other.#ranges);
  }

  /** The map as one scale and shift. @throws PreprocessingError NOT_FITTED, INVALID_ARGUMENT unless the mode is global */
  toAffine(): Affine {
    if (this.mode !== 'global') {
      throw new PreprocessingError(
        'INVALID_ARGUMENT',
        'expected mode global: a scaler per feature is no single affine map',
      );
    }
    return this.#affine(0);
  }

  /** scale · x + shift, into the start of `out` where given. @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH */
  transform(x: Matrix, out?: Float32Array): Matrix<Float32Array> {
    return this.#map(x, out, (affine) => affine);
  }

  /** (x′ − shift)/scale. @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH */
  inverse(y: Matrix, out?: Float32Array): Matrix<Float32Array> {
    return this.#map(y, out, ({ scale, shift }) => ({ scale: 1 / scale, shift: -shift / scale }));
  }

  /** @throws PreprocessingError NOT_FITTED */
  toJSON(): TransformerJson {
    const { kind, mode, range, min, max } = this;
    return { kind, version: 1, mode, range: [...range], min: [...min], max: [...max] };
  }

  /** @throws PreprocessingError INVALID_STATE */
  static fromJSON(json: unknown): MinMaxScaler {
    const state = readState(json, MinMaxScaler.kind);
    const mode = state.oneOf('mode', MODES);
    const [a, b] = state.numbers('range', 2) as [number, number];
    if (!(a < b)) state.refuse('range: expected [a, b] with a < b');
    const min = Float64Array.from(state.numbers('min', mode === 'global' ? 1 : undefined));
    const max = Float64Array.from(state.numbers('max', min.length));
    if (min.some((value, j) => value > max[j]!)) state.refuse('expected min ≤ max');
    const scaler = new MinMaxScaler({ mode, range: [a, b] });
    scaler.#ranges = { min, max };
    return scaler;
  }

  #map(x: Matrix, out: Float32Array | undefined, direction: (affine: Affine) => Affine): Matrix<Float32Array> {
    const affines = Array.from(this.min, (_, j) => direction(this.#affine(j)));
    assertMatrix(x, this.#features());
    const y = outputOf(x.rows, x.features, out);
    const [from, to, { rows, features }] = [x.values, y.values, x];
    const [first] = affines as [Affine];
    const scale = Float64Array.from({ length: features }, (_, j) => (affines[j] ?? first).scale);
    const shift = Float64Array.from({ length: features }, (_, j) => (affines[j] ?? first).shift);
    for (let i = 0, row = 0; row < rows; row++) {
      for (let j = 0; j < features; j++, i++) to[i] = scale[j]! * from[i]! + shift[j]!;
    }
    return y;
  }

  #affine(j: number): Affine {
    const [a, b] = this.range;
    const min = this.min[j]!;
    const width = this.max[j]! - min;
    const scale = (b - a) / (width === 0 ? 1 : width);
    return { scale, shift: a - scale * min };
  }

  #add(ranges: Ranges): void {
    this.#ranges = this.#ranges ? mergeRanges(this.#ranges, ranges) : ranges;
  }

  #features(): number | undefined {
    return this.mode === 'global' ? undefined : this.#ranges?.min.length;
  }

  #fitted(): Ranges {
    if (!this.#ranges) throw new PreprocessingError('NOT_FITTED', `${this.kind}: fitted on no rows`);
    return this.#ranges;
  }
}

/** Ranges of what all ranks have seen; undefined when none has seen a row. */
async function rangesOfAll(allReduce: AllReduce, own: Ranges | undefined): Promise<Ranges | undefined> {
  const shares = await allGather(allReduce, own ? [own.min, own.max] : []);
  const ranges = shares
    .filter(({ length }) => length > 0)
    .map((numbers): Ranges => {
      const features = numbers.length / 2;
      return { min: numbers.subarray(0, features), max: numbers.subarray(features) };
    });
  return ranges.length > 0 ? ranges.reduce(mergeRanges) : undefined;
}
