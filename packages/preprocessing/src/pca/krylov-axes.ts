import { PcaKrylov } from '@weft/native';
import { ALONE, allGather } from '../all-gather.js';
import type { AllReduce, Chunks } from '../transformer.js';
import { dataPass, passRows } from './data-pass.js';
import {
  type AxesOptions,
  componentsFor,
  type Eigenpairs,
  type PrincipalAxes,
  requireRows,
  sharedAxes,
  type Wanted,
} from './principal-axes.js';

/** How far the iteration goes. */
export interface KrylovOptions {
  readonly seed: number;
  /** Passes over the data. */
  readonly passes: number;
}

/** Directions beside those that are wanted: a share of them, and a number at least. */
const OVERSAMPLING = 0.8;
const LEAST_OVERSAMPLING = 16;
/** Rows whose mean rows are centred by in the first pass. */
const MEAN_ROWS = 256;
/** Components that are tried first where a share of variance is wanted; then twice as many. */
const FIRST_TRY = 64;

/**
 * Principal axes by randomized block Krylov iteration: each pass multiplies S = Σ (x − μ)(x − μ)ᵀ with a block of b directions,
 * and the axes are the best ones within all blocks, m = 1.8k directions (k + 16 at least). In memory: a chunk, the block, and on
 * rank 0 the basis, m × d. Over the network: one block of b × d a pass, twice.
 *
 * Rows are centred by s, the mean of each worker's first rows together, in the first pass, which is put right when μ is known:
 *
 *   Σ (x − μ)(x − μ)ᵀ Qᵀ = Σ (x − s)(x − s)ᵀ Qᵀ − n δ (δᵀ Qᵀ),  δ = μ − s
 *
 * @see Musco, Musco: Randomized Block Krylov Methods, NeurIPS 2015
 * @throws PreprocessingError as dataPass; INVALID_ARGUMENT for more components than rows
 */
export async function krylovAxes(
  chunks: Chunks,
  wanted: Wanted,
  o: AxesOptions & KrylovOptions,
): Promise<PrincipalAxes> {
  const { components, features: d } = wanted;
  const { allReduce = ALONE } = o;
  if (components >= 1) return (await iterate(chunks, { components, features: d }, o)).axes;
  for (let k = Math.min(FIRST_TRY, d); ; k = Math.min(2 * k, d)) {
    const { axes, squares } = await iterate(chunks, { components: k, features: d, atMost: true }, o);
    const { explainedVariance, count } = axes;
    const freedom = Math.max(1, count - 1);
    const enough = componentsFor(
      components,
      explainedVariance.map((value) => value * freedom),
      squares,
    );
    const explained = explainedVariance.reduce((sum, value) => sum + value, 0) * freedom;
    // Every rank has the same numbers, so all decide alike.
    if (squares > 0 && explained <= components * squares && k < Math.min(d, count)) continue;
    await allReduce.sum(new Float32Array(1));
    return {
      ...axes,
      components: axes.components.slice(0, enough * d),
      explainedVariance: explainedVariance.slice(0, enough),
    };
  }
}

async function iterate(
  chunks: Chunks,
  wanted: Wanted & { readonly atMost?: boolean },
  o: AxesOptions & KrylovOptions,
): Promise<{ axes: PrincipalAxes; squares: number }> {
  const { components: k, features: d } = wanted;
  const { allReduce = ALONE, device, threads } = o;
  const most = Math.min(d, k + Math.max(Math.ceil(OVERSAMPLING * k), LEAST_OVERSAMPLING));
  const block = Math.ceil(most / o.passes);
  const passes = Math.ceil(most / block);
  const krylov = new PcaKrylov({ features: d, device, threads, most, block });
  o.onDevice(krylov.name);
  const isFirst = allReduce.rank === 0;
  // What only rank 0 knows goes to all as a sum with zeros.
  const fromFirst = async (make: () => Promise<Float32Array>, length: number): Promise<Float32Array> => {
    const vector = isFirst ? await make() : new Float32Array(length);
    await allReduce.sum(vector);
    return vector;
  };

  let shift = Float32Array.from(await firstMean(chunks, d, o));
  let q = await fromFirst(() => krylov.start(block, o.seed), block * d);
  let width = block;
  let size = block;
  let rows: number | undefined;
  let moments: Moments | null = null;
  for (let pass = 1; ; pass++) {
    await krylov.begin(q, width, shift);
    const sums = moments ? null : new Float64Array(d);
    let squares = 0;
    const seen = await dataPass(
      chunks,
      { ...o, features: d, pass, passes, ...(rows !== undefined && { expected: rows }) },
      async (part) => {
        squares += await krylov.power(part.values, part.rows, sums);
      },
    );
    rows = seen;
    const w = await krylov.product();
    if (!moments) {
      moments = await allMoments(allReduce, { rows: seen, sums: sums!, squares });
      if (!wanted.atMost || moments.count === 0) requireRows(moments.count, wanted);
    }
    await allReduce.sum(w);
    if (sums) {
      putRight(w, q, moments);
      shift = shift.map((value, j) => value + moments!.delta[j]!);
    }
    const next = Math.min(block, most - size);
    const taken = await fromFirst(() => krylov.extend(w, next), next * d);
    if (next === 0) break;
    q = taken;
    width = next;
    size += next;
  }
  const { count, squares } = moments;
  let found: Eigenpairs | null = null;
  if (isFirst) found = await krylov.ritz(Math.min(k, count));
  const mean = Float64Array.from(shift);
  return { axes: await sharedAxes(found, { count, mean, squares, allReduce }), squares };
}

/** Of all rows of all workers: n, δ = μ − s and Σ |x − μ|². */
interface Moments {
  readonly count: number;
  readonly delta: Float64Array;
  readonly squares: number;
}

async function allMoments(
  allReduce: AllReduce,
  own: { rows: number; sums: Float64Array; squares: number },
): Promise<Moments> {
  const delta = new Float64Array(own.sums.length);
  let count = 0;
  let squares = 0;
  for (const part of await allGather(allReduce, [Float64Array.of(own.rows, own.squares), own.sums])) {
    count += part[0]!;
    squares += part[1]!;
    for (let j = 0; j < delta.length; j++) delta[j]! += part[j + 2]!;
  }
  for (let j = 0; j < delta.length && count > 0; j++) {
    delta[j]! /= count;
    squares -= count * delta[j]! ** 2;
  }
  return { count, delta, squares: Math.max(0, squares) };
}

/** W ← W − n (Q δ) δᵀ */
function putRight(w: Float32Array, q: Float32Array, { count, delta }: Moments): void {
  const d = delta.length;
  for (let at = 0; at < w.length; at += d) {
    let product = 0;
    for (let j = 0; j < d; j++) product += q[at + j]! * delta[j]!;
    for (let j = 0; j < d; j++) w[at + j]! -= count * product * delta[j]!;
  }
}

/** Mean of the first rows of all workers: near enough to μ that centring by it loses nothing to rounding. */
async function firstMean(chunks: Chunks, d: number, o: AxesOptions): Promise<Float64Array> {
  const sums = new Float64Array(d);
  let rows = 0;
  o.signal?.throwIfAborted();
  for await (const chunk of chunks()) {
    const { values } = passRows(chunk);
    rows = Math.min(chunk.rows, Math.floor(values.length / d), MEAN_ROWS);
    for (let i = 0; i < rows; i++) for (let j = 0; j < d; j++) sums[j]! += values[i * d + j]!;
    if (rows > 0) break;
  }
  const mean = new Float64Array(d);
  let count = 0;
  for (const part of await allGather(o.allReduce ?? ALONE, [Float64Array.of(rows), sums])) {
    count += part[0]!;
    for (let j = 0; j < d; j++) mean[j]! += part[j + 1]!;
  }
  // A number that is not one is found, and named, in the first pass.
  return mean.map((sum) => (count > 0 && Number.isFinite(sum) ? sum / count : 0));
}
