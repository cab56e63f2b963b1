import { PcaScatter } from '@weft/native';
import { ALONE, allGather } from '../all-gather.js';
import type { Chunks } from '../transformer.js';
import { dataPass } from './data-pass.js';
import {
  type AxesOptions,
  componentsFor,
  type Eigenpairs,
  type PrincipalAxes,
  requireRows,
  sharedAxes,
  type Wanted,
} from './principal-axes.js';

/**
 * Exact principal axes from S = Σ (x − μ)(x − μ)ᵀ: one pass, d² numbers in memory, and d² to sum over workers. The shares of
 * the workers, each about its own mean, add up as
 *
 *   S = Σ_r (S_r + n_r (μ_r − μ)(μ_r − μ)ᵀ)
 *
 * @throws PreprocessingError as dataPass; INVALID_ARGUMENT for more components than rows
 */
export async function covarianceAxes(chunks: Chunks, wanted: Wanted, o: AxesOptions): Promise<PrincipalAxes> {
  const { features: d, components } = wanted;
  const { allReduce = ALONE, device, threads } = o;
  const scatter = new PcaScatter({ features: d, device, threads });
  o.onDevice(scatter.name);
  await dataPass(chunks, { ...o, features: d, pass: 1, passes: 1 }, ({ values, rows }) => scatter.add(values, rows));
  const s = new Float64Array(d * d);
  const own = new Float64Array(d);
  const rows = await scatter.result(s, own);
  const parts = await allGather(allReduce, [Float64Array.of(rows), own]);
  const count = parts.reduce((sum, part) => sum + part[0]!, 0);
  requireRows(count, wanted);
  const mean = new Float64Array(d);
  for (const part of parts) for (let j = 0; j < d; j++) mean[j]! += (part[0]! / count) * part[j + 1]!;
  if (allReduce.size > 1) {
    for (let i = 0; i < d; i++) {
      const weight = rows * (own[i]! - mean[i]!);
      for (let j = 0; j < d; j++) s[i * d + j]! += weight * (own[j]! - mean[j]!);
    }
    await sumOverWorkers(s, d, allReduce.sum.bind(allReduce));
  }
  let squares = 0;
  for (let i = 0; i < d; i++) squares += s[i * d + i]!;
  let found: Eigenpairs | null = null;
  if (allReduce.rank === 0) {
    const share = components < 1;
    const all = await scatter.eigen(s, share ? d : components);
    const k = share ? componentsFor(components, all.values, squares) : components;
    found = { values: all.values.slice(0, k), vectors: all.vectors.slice(0, k * d) };
  }
  return sharedAxes(found, { count, mean, squares, allReduce });
}

/** The upper triangle, each number as the sum of two float32: what one of them rounds off goes with the other. */
async function sumOverWorkers(s: Float64Array, d: number, sum: (vector: Float32Array) => Promise<void>): Promise<void> {
  const length = (d * (d + 1)) / 2;
  const parts = new Float32Array(2 * length);
  for (let i = 0, at = 0; i < d; i++) {
    for (let j = i; j < d; j++, at++) {
      const value = s[i * d + j]!;
      parts[at] = value;
      parts[length + at] = value - parts[at]!;
    }
  }
  await sum(parts);
  for (let i = 0, at = 0; i < d; i++) {
    for (let j = i; j < d; j++, at++) s[i * d + j] = s[j * d + i] = parts[at]! + parts[length + at]!;
  }
}
