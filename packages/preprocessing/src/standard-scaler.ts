import { allGather } from './all-gather.js';
import { PreprocessingError } from './errors.js';
import { assertMatrix, type Matrix, outputOf } from './matrix.js';
import { type Moments, mergeMoments, momentsOf } from './moments.js';
import { onePass } from './one-pass.js';
import { assertFeatures } from './shape.js';
import { readState } from './state-reader.js';
import type { AllReduce, Chunks, FitOptions, Transformer, TransformerJson } from './transformer.js';

/**
 * Gives every feature (pixel) mean 0 and standard deviation 1 over the training split:
 *
 *   z = (x − μ)/σ,  σ² = M₂/n  (σ = 1 where a feature is constant)
 *
 * Statistics are kept in float64 and merge: workers each see their share, and `fit` with an AllReduce merges the shares in
 * rank order, so that all end with the same bits.
 *
 * @example const scaler = await new StandardScaler().fit(() => trainChunks()); const { values } = scaler.transform(x);
 */
export class StandardScaler implements Transformer {
  static readonly kind = 'standard-scaler';
  readonly kind = StandardScaler.kind;
  #moments: Moments | undefined;
  // Made from the moments when first asked for.
  #std: Float64Array | undefined;

  /** Rows that were learnt from. */
  get count(): number {
    return this.#moments?.count ?? 0;
  }

  /** μ of each feature. @throws PreprocessingError NOT_FITTED */
  get mean(): Float64Array {
    return this.#fitted().mean;
  }

  /** σ of each feature, 1 where it is constant. @throws PreprocessingError NOT_FITTED */
  get std(): Float64Array {
    const { m2, count } = this.#fitted();
    this.#std ??= m2.map((sum) => (sum === 0 ? 1 : Math.sqrt(sum / count)));
    return this.#std;
  }

  get isFitted(): boolean {
    return this.#moments !== undefined;
  }

  /** That of what goes in. @throws PreprocessingError SHAPE_MISMATCH */
  outputShape(inputShape: readonly number[]): readonly number[] {
    if (this.#moments) assertFeatures(inputShape, this.#moments.mean.length);
    return inputShape;
  }

  /** Learns μ and σ in one pass. @throws PreprocessingError NOT_FITTED (no rows), SHAPE_MISMATCH, INVALID_VALUE */
  async fit(chunks: Chunks, options: FitOptions = {}): Promise<this> {
    this.#set(undefined);
    const learnt = new StandardScaler();
    await onePass(chunks, this.kind, options, (chunk) => learnt.update(chunk));
    const { allReduce } = options;
    this.#set(allReduce ? await momentsOfAll(allReduce, learnt.#moments) : learnt.#moments);
    this.#fitted();
    return this;
  }

  /** Learns from more rows. @throws PreprocessingError SHAPE_MISMATCH, INVALID_VALUE */
  update(x: Matrix): void {
    assertMatrix(x, this.#moments?.mean.length);
    if (x.rows > 0) this.#add(momentsOf(x));
  }

  /** Adds what another one, of other rows, has learnt. @throws PreprocessingError SHAPE_MISMATCH */
  merge(other: StandardScaler): void {
    if (other.#moments) this.#add(other.#moments);
  }

  /** (x − μ)/σ, into the start of `out` where given. @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH */
  transform(x: Matrix, out?: Float32Array): Matrix<Float32Array> {
    const { mean, std } = this;
    assertMatrix(x, mean.length);
    const z = outputOf(x.rows, x.features, out);
    const [from, to, { rows, features }] = [x.values, z.values, x];
    for (let i = 0, row = 0; row < rows; row++) {
      for (let j = 0; j < features; j++, i++) to[i] = (from[i]! - mean[j]!) / std[j]!;
    }
    return z;
  }

  /** x = μ + σ z. @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH */
  inverse(z: Matrix, out?: Float32Array): Matrix<Float32Array> {
    const { mean, std } = this;
    assertMatrix(z, mean.length);
    const x = outputOf(z.rows, z.features, out);
    const [from, to, { rows, features }] = [z.values, x.values, z];
    for (let i = 0, row = 0; row < rows; row++) {
      for (let j = 0; j < features; j++, i++) to[i] = mean[j]! + std[j]! * from[i]!;
    }
    return x;
  }

  /** Count, μ and M₂, so that a restored one still merges. @throws PreprocessingError NOT_FITTED */
  toJSON(): TransformerJson {
    const { count, mean, m2 } = this.#fitted();
    return { kind: this.kind, version: 1, count, mean: [...mean], m2: [...m2] };
  }

  /** @throws PreprocessingError INVALID_STATE */
  static fromJSON(json: unknown): StandardScaler {
    const state = readState(json, StandardScaler.kind);
    const mean = Float64Array.from(state.numbers('mean'));
    const m2 = Float64Array.from(state.numbers('m2', mean.length));
    if (m2.some((sum) => sum < 0)) state.refuse('m2: expected numbers ≥ 0');
    const scaler = new StandardScaler();
    scaler.#set({ count: state.integer('count', 1), mean, m2 });
    return scaler;
  }

  #add(moments: Moments): void {
    this.#set(this.#moments ? mergeMoments(this.#moments, moments) : moments);
  }

  #set(moments: Moments | undefined): void {
    this.#moments = moments;
    this.#std = undefined;
  }

  #fitted(): Moments {
    if (!this.#moments) throw new PreprocessingError('NOT_FITTED', `${this.kind}: fitted on no rows`);
    return this.#moments;
  }
}

/** What all ranks have seen; undefined when none has seen a row. */
async function momentsOfAll(allReduce: AllReduce, own: Moments | undefined): Promise<Moments | undefined> {
  const shares = await allGather(allReduce, own ? [Float64Array.of(own.count), own.mean, own.m2] : []);
  const moments = shares
    .filter(({ length }) => length > 0)
    .map((numbers): Moments => {
      const features = (numbers.length - 1) / 2;
      return { count: numbers[0]!, mean: numbers.slice(1, 1 + features), m2: numbers.slice(1 + features) };
    });
  return moments.length > 0 ? moments.reduce(mergeMoments) : undefined;
}
