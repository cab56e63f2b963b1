import { ALONE, allGather } from '../all-gather.js';
import { PreprocessingError } from '../errors.js';
import type { AllReduce, FitOptions } from '../transformer.js';

/** What a fit has found. */
export interface PrincipalAxes {
  /** Rows that were learnt from. */
  readonly count: number;
  /** μ of each feature. */
  readonly mean: Float32Array;
  /** V: orthonormal rows, k × d, by descending variance; the element of largest magnitude of each is positive. */
  readonly components: Float32Array;
  /** λ: variance along each component, divided by n − 1. */
  readonly explainedVariance: Float64Array;
  /** Of all features. */
  readonly totalVariance: number;
}

/** How many components are wanted: a count, or the share of variance that they explain together. */
export interface Wanted {
  readonly components: number;
  readonly features: number;
}

/** What a method is run with. */
export interface AxesOptions extends Pick<FitOptions, 'signal' | 'onProgress' | 'allReduce' | 'threads' | 'seed'> {
  readonly device: 'cpu' | 'gpu';
  /** Receives what computes, for people, once it is there. */
  readonly onDevice: (name: string) => void;
}

/** Eigenpairs of S = Σ (x − μ)(x − μ)ᵀ by descending value, of rank 0 alone. */
export interface Eigenpairs {
  readonly values: Float64Array;
  readonly vectors: Float32Array;
}

/** @throws PreprocessingError INVALID_ARGUMENT when more components are wanted than there are rows */
export function requireRows(count: number, { components }: Wanted): void {
  if (count === 0) throw new PreprocessingError('NOT_FITTED', 'pca: fitted on no rows');
  if (components < 1 || components <= count) return;
  const message = `expected at least ${components} rows for ${components} components, got ${count}`;
  throw new PreprocessingError('INVALID_ARGUMENT', message);
}

/**
 * The least number of components that explain more than a share of the variance; all where none does, one where nothing varies.
 *
 * @param values descending @param total of all features, in the same unit
 */
export function componentsFor(share: number, values: Float64Array, total: number): number {
  if (!(total > 0)) return Math.min(1, values.length);
  let sum = 0;
  const enough = values.findIndex((value) => {
    sum += Math.max(0, value);
    return sum > share * total;
  });
  return enough < 0 ? values.length : enough + 1;
}

/** Hands what rank 0 has found to all, and divides by n − 1. */
export async function sharedAxes(
  found: Eigenpairs | null,
  o: { count: number; mean: Float64Array; squares: number; allReduce: AllReduce | undefined },
): Promise<PrincipalAxes> {
  const { allReduce = ALONE, count, squares } = o;
  const [values] = (await allGather(allReduce, [found?.values ?? new Float64Array(0)])) as [Float64Array];
  const components = found?.vectors ?? new Float32Array(values.length * o.mean.length);
  await allReduce.sum(components);
  const freedom = Math.max(1, count - 1);
  return {
    count,
    mean: Float32Array.from(o.mean),
    components,
    explainedVariance: values.map((value) => Math.max(0, value) / freedom),
    totalVariance: squares / freedom,
  };
}
