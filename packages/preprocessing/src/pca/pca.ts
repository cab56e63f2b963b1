import { hasPca, MOST_SCATTER_FEATURES, NativeError, PcaProjection } from '@weft/native';
import type { Tensor } from '@weft/safetensors';
import { ALONE, allGather } from '../all-gather.js';
import { PreprocessingError } from '../errors.js';
import { assertMatrix, type Matrix, outputOf } from '../matrix.js';
import { featuresOf } from '../shape.js';
import { readState } from '../state-reader.js';
import type { Chunks, FitOptions, Transformer, TransformerJson } from '../transformer.js';
import { covarianceAxes } from './covariance-axes.js';
import { passRows } from './data-pass.js';
import { incrementalAxes } from './incremental-axes.js';
import { krylovAxes } from './krylov-axes.js';
import type { AxesOptions, PrincipalAxes, Wanted } from './principal-axes.js';

const METHODS = ['auto', 'covariance', 'randomized', 'incremental'] as const;

/** How principal components are found. */
export type PcaMethod = (typeof METHODS)[number];

/** What a Pca is made with. */
export interface PcaOptions {
  /** A count of 1 or more, or the share of variance in (0, 1) that the components are to explain together. */
  readonly components: number;
  /** Divides each score by its standard deviation. Default false. */
  readonly whiten?: boolean;
  /**
   * `covariance`: exact, one pass, d² numbers in memory. `randomized`: block Krylov iteration, some passes, 1.8k × d numbers.
   * `incremental`: one pass, batch by batch, approximate. `auto` (default): covariance up to 1,024 features, and where k is
   * not small beside d; else randomized.
   */
  readonly method?: PcaMethod;
  /** Of the first directions of `randomized`. Default 0. */
  readonly seed?: number;
  /** Of `randomized`: more of them find components of nearly equal variance more exactly. Default 8. */
  readonly passes?: number;
  /** Rows of a batch of `incremental`. Default max(4k, 1,024). */
  readonly batchRows?: number;
}

/** Up to here, a covariance matrix costs less than the passes of the randomized method. */
const FEW_FEATURES = 1024;
/** Beyond, the eigenvectors of a covariance matrix take minutes, and its memory gigabytes. */
const MANY_FEATURES = 4096;
const DEFAULT_PASSES = 8;
/** Below, relative to the largest, a variance is rounding, and a score divided by it noise. */
const NO_VARIANCE = 1e-10;

/**
 * Principal component analysis: the k orthonormal directions V in which the training rows vary most.
 *
 *   y = (x − μ) Vᵀ, whitened y / √λ;  x ≈ μ + y V;  λ: variances along V, by n − 1
 *
 * Signs are fixed: of each direction the element of largest magnitude is positive. Computed by the addon (OpenBLAS, or a GPU
 * through CUDA's libraries), chunk by chunk, off the main thread; with an AllReduce over all workers' rows.
 *
 * @see Jolliffe: Principal Component Analysis (2002)
 * @example const pca = await new Pca({ components: 784 }).fit(chunks); const scores = await pca.transform(pixels);
 */
export class Pca implements Transformer {
  static readonly kind = 'pca';
  readonly kind = Pca.kind;
  readonly whiten: boolean;
  readonly method: PcaMethod;
  readonly #o: Required<PcaOptions>;
  #axes: PrincipalAxes | undefined;
  #projection: PcaProjection | undefined;

  /** @throws PreprocessingError INVALID_ARGUMENT */
  constructor(o: PcaOptions) {
    const { components, whiten = false, method = 'auto', seed = 0, passes = DEFAULT_PASSES } = o;
    const refuse = (what: string): never => {
      throw new PreprocessingError('INVALID_ARGUMENT', what);
    };
    if (!(components > 0) || (components >= 1 && !Number.isSafeInteger(components))) {
      refuse(`components: expected a count of 1 or more, or a share in (0, 1), got ${components}`);
    }
    if (!METHODS.includes(method)) refuse(`method: expected ${METHODS.join(', ')}, got ${String(method)}`);
    if (!Number.isSafeInteger(passes) || passes < 2) refuse(`passes: expected 2 or more, got ${passes}`);
    if (!Number.isSafeInteger(seed) || seed < 0) refuse(`seed: expected an integer of 0 or more, got ${seed}`);
    if (method === 'incremental' && components < 1) {
      refuse('components: expected a count for method incremental, which cannot tell the share before its end');
    }
    const batchRows = o.batchRows ?? Math.max(4 * components, 1024);
    const leastRows = method === 'incremental' ? components : 1;
    if (!Number.isSafeInteger(batchRows) || batchRows < leastRows) {
      refuse(`batchRows: expected an integer of ${leastRows} or more, got ${batchRows}`);
    }
    this.whiten = whiten;
    this.method = method;
    this.#o = { components, whiten, method, seed, passes, batchRows };
  }

  get isFitted(): boolean {
    return this.#axes !== undefined;
  }

  /** Rows that were learnt from. @throws PreprocessingError NOT_FITTED, as the following do */
  get count(): number {
    return this.#fitted().count;
  }

  /** μ, d values. */
  get mean(): Float32Array {
    return this.#fitted().mean;
  }

  /** V, k × d, row-major. */
  get componentMatrix(): Float32Array {
    return this.#fitted().components;
  }

  /** λ, descending, k values. */
  get explainedVariance(): Float64Array {
    return this.#fitted().explainedVariance;
  }

  /** λ over the variance of all features. */
  get explainedVarianceRatio(): Float64Array {
    const { explainedVariance, totalVariance } = this.#fitted();
    return explainedVariance.map((value) => (totalVariance > 0 ? value / totalVariance : 0));
  }

  /**
   * @throws PreprocessingError SHAPE_MISMATCH for more components than features, or more features than `covariance` takes;
   *   NOT_FITTED where a share of variance decides
   */
  outputShape(inputShape: readonly number[]): readonly number[] {
    const d = featuresOf(inputShape);
    const { components } = this.#o;
    if (this.#axes) {
      if (d === this.#axes.mean.length) return [this.#axes.explainedVariance.length];
      const message = `expected samples of ${this.#axes.mean.length} values, got ${inputShape.join('x')}`;
      throw new PreprocessingError('SHAPE_MISMATCH', message);
    }
    if (this.method === 'covariance' && d > MOST_SCATTER_FEATURES) {
      const message = `expected at most ${MOST_SCATTER_FEATURES} values of a sample for method covariance, got ${d}`;
      throw new PreprocessingError('SHAPE_MISMATCH', message);
    }
    if (components < 1) throw new PreprocessingError('NOT_FITTED', 'pca: the fit decides the number of components');
    if (components <= d) return [components];
    const message = `expected at most ${d} components, as samples have ${d} values, got ${components}`;
    throw new PreprocessingError('SHAPE_MISMATCH', message);
  }

  /**
   * Learns the components. A GPU that is not there, or has too little memory, is named by `onNotice`, and the CPU is used.
   *
   * @throws PreprocessingError NOT_FITTED (no rows), SHAPE_MISMATCH, INVALID_VALUE, INVALID_ARGUMENT (more components than
   *   rows), NO_ADDON; the signal's reason; NativeError
   */
  async fit(chunks: Chunks, options: FitOptions = {}): Promise<this> {
    this.#axes = undefined;
    this.#projection = undefined;
    const able = hasPca();
    if (!able.ok) throw new PreprocessingError('NO_ADDON', `pca: the native addon is needed: ${able.reason}`);
    const features = await featuresIn(chunks, options);
    const wanted: Wanted = { components: this.#o.components, features };
    if (wanted.components >= 1) this.outputShape([features]);
    this.#axes = await this.#find(chunks, wanted, options);
    return this;
  }

  /** y = (x − μ) Vᵀ, into the start of `out` where given. @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH, NO_ADDON */
  async transform(x: Matrix, out?: Float32Array): Promise<Matrix<Float32Array>> {
    const { mean, explainedVariance } = this.#fitted();
    assertMatrix(x, mean.length);
    const y = outputOf(x.rows, explainedVariance.length, out);
    await this.#project().project(passRows(x).values, x.rows, y.values);
    if (this.whiten) scaleColumns(y, this.#scales());
    return y;
  }

  /** x ≈ μ + y V. @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH, NO_ADDON */
  async inverse(y: Matrix): Promise<Matrix<Float32Array>> {
    const { mean, explainedVariance } = this.#fitted();
    const k = explainedVariance.length;
    assertMatrix(y, k);
    const scores = { values: Float32Array.from(y.values.subarray(0, y.rows * k)), rows: y.rows, features: k };
    if (this.whiten)
      scaleColumns(
        scores,
        this.#scales().map((scale) => (scale > 0 ? 1 / scale : 0)),
      );
    const x = outputOf(y.rows, mean.length);
    await this.#project().reconstruct(scores.values, y.rows, x.values);
    return x;
  }

  /** @throws PreprocessingError NOT_FITTED */
  toJSON(): TransformerJson {
    const { count, totalVariance } = this.#fitted();
    const { components, whiten, method, seed, passes, batchRows } = this.#o;
    return { kind: this.kind, version: 1, components, whiten, method, seed, passes, batchRows, count, totalVariance };
  }

  /** `mean` [d], `components` [k, d], `explainedVariance` [k]. @throws PreprocessingError NOT_FITTED */
  tensors(): Record<string, Tensor> {
    const { mean, components, explainedVariance } = this.#fitted();
    const [k, d] = [explainedVariance.length, mean.length];
    return {
      mean: { dtype: 'F32', shape: [d], data: mean },
      components: { dtype: 'F32', shape: [k, d], data: components },
      explainedVariance: { dtype: 'F64', shape: [k], data: explainedVariance },
    };
  }

  /** @throws PreprocessingError INVALID_STATE */
  static fromJSON(json: unknown, tensors: Readonly<Record<string, Tensor>> = {}): Pca {
    const state = readState(json, Pca.kind);
    const { mean, components, explainedVariance } = tensors;
    if (mean?.dtype !== 'F32' || components?.dtype !== 'F32' || explainedVariance?.dtype !== 'F64') {
      return state.refuse('expected tensors mean (F32), components (F32) and explainedVariance (F64)');
    }
    const [k, d] = [explainedVariance.data.length, mean.data.length];
    if (k < 1 || components.shape.join() !== `${k},${d}`) {
      return state.refuse(`components: expected a tensor of ${k} × ${d}, got ${components.shape.join(' × ')}`);
    }
    for (const [name, { data }] of Object.entries({ mean, components, explainedVariance })) {
      if (!data.every(Number.isFinite)) return state.refuse(`${name}: expected finite numbers`);
    }
    const pca = state.made(
      () =>
        new Pca({
          components: state.number('components'),
          whiten: state.flag('whiten'),
          method: state.oneOf('method', METHODS),
          seed: state.integer('seed', 0),
          passes: state.integer('passes', 2),
          batchRows: state.integer('batchRows', 1),
        }),
    );
    pca.#axes = {
      count: state.integer('count', 1),
      mean: mean.data,
      components: components.data,
      explainedVariance: explainedVariance.data,
      totalVariance: state.number('totalVariance'),
    };
    return pca;
  }

  async #find(chunks: Chunks, wanted: Wanted, options: FitOptions): Promise<PrincipalAxes> {
    const { device = 'auto', onNotice, allReduce } = options;
    const notice = (line: string): void => {
      if ((allReduce?.rank ?? 0) === 0) onNotice?.(line);
    };
    const on = (kind: 'cpu' | 'gpu', onDevice: (name: string) => void): Promise<PrincipalAxes> =>
      this.#axesOn(chunks, wanted, { ...options, device: kind, onDevice });
    if (device === 'cpu') return on('cpu', () => {});
    let begun = false;
    try {
      return await on('gpu', (name) => {
        begun = true;
        notice(`pca: on ${name}`);
      });
    } catch (error) {
      if (!(error instanceof NativeError) || !DEVICE_FAILURES.has(error.code)) throw error;
      // In the middle of a fit the other workers wait for a sum that this one could not begin anew.
      if (begun && allReduce && allReduce.size > 1) throw error;
      // Where none was asked for by name, that none is there is no news.
      if (device === 'gpu' || error.code !== 'no-device') notice(`pca: ${error.message}: on the CPU`);
      return on('cpu', () => {});
    }
  }

  #axesOn(chunks: Chunks, wanted: Wanted, options: AxesOptions): Promise<PrincipalAxes> {
    const { passes, batchRows } = this.#o;
    const { seed = this.#o.seed } = options;
    const method = this.method === 'auto' ? methodFor(wanted) : this.method;
    if (method === 'covariance') return covarianceAxes(chunks, wanted, options);
    if (method === 'incremental') return incrementalAxes(chunks, wanted, { ...options, batchRows });
    return krylovAxes(chunks, wanted, { ...options, seed, passes });
  }

  #project(): PcaProjection {
    const { mean, components, explainedVariance } = this.#fitted();
    const able = hasPca();
    if (!able.ok) throw new PreprocessingError('NO_ADDON', `pca: the native addon is needed: ${able.reason}`);
    this.#projection ??= new PcaProjection({
      features: mean.length,
      components,
      count: explainedVariance.length,
      mean,
    });
    return this.#projection;
  }

  /** 1/√λ; 0 where there is no variance. */
  #scales(): Float64Array {
    const { explainedVariance } = this.#fitted();
    const least = NO_VARIANCE * (explainedVariance[0] ?? 0);
    return explainedVariance.map((value) => (value > least ? 1 / Math.sqrt(value) : 0));
  }

  #fitted(): PrincipalAxes {
    if (!this.#axes) throw new PreprocessingError('NOT_FITTED', `${this.kind}: fitted on no rows`);
    return this.#axes;
  }
}

const DEVICE_FAILURES: ReadonlySet<string> = new Set(['no-device', 'out-of-memory', 'device-failed']);

function methodFor({ components, features }: Wanted): 'covariance' | 'randomized' {
  if (features <= FEW_FEATURES) return 'covariance';
  return features <= MANY_FEATURES && components >= features / 4 ? 'covariance' : 'randomized';
}

function scaleColumns({ values, rows, features }: Matrix<Float32Array>, scales: Float64Array): void {
  for (let i = 0; i < rows * features; i += features) {
    for (let j = 0; j < features; j++) values[i + j]! *= scales[j]!;
  }
}

/** Values of a row, which a worker without rows learns from the others. */
async function featuresIn(chunks: Chunks, { signal, allReduce = ALONE }: FitOptions): Promise<number> {
  let own = 0;
  signal?.throwIfAborted();
  for await (const chunk of chunks()) {
    own = chunk.features;
    break;
  }
  const all = (await allGather(allReduce, [Float64Array.of(own)])).map((part) => part[0]!).filter((d) => d > 0);
  const [first] = all;
  if (first === undefined) throw new PreprocessingError('NOT_FITTED', 'pca: fitted on no rows');
  if (all.every((d) => d === first)) return first;
  throw new PreprocessingError('SHAPE_MISMATCH', `expected the same features of all workers, got ${all.join(', ')}`);
}
