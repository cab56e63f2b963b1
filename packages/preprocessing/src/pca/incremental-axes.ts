import { PcaIncremental } from '@weft/native';
import { ALONE, allGather } from '../all-gather.js';
import type { AllReduce, Chunks } from '../transformer.js';
import { dataPass, type PassRows } from './data-pass.js';
import {
  type AxesOptions,
  type Eigenpairs,
  type PrincipalAxes,
  requireRows,
  sharedAxes,
  type Wanted,
} from './principal-axes.js';

/**
 * Principal axes of rows that are seen once, in batches: each batch and the axes so far give the next axes. What lies outside
 * the first k directions of a batch is lost, so that the result depends on the batches, and on the number of workers, whose
 * axes are put together in rank order as batches are.
 *
 * @see Ross, Lim, Lin, Yang: Incremental Learning for Robust Visual Tracking, IJCV 77 (2008)
 * @param o.batchRows of a batch; the last one has up to `components` more
 * @throws PreprocessingError as dataPass; INVALID_ARGUMENT for more components than rows
 */
export async function incrementalAxes(
  chunks: Chunks,
  wanted: Wanted,
  o: AxesOptions & { readonly batchRows: number },
): Promise<PrincipalAxes> {
  const { features: d, components } = wanted;
  const { allReduce = ALONE, device, threads, batchRows } = o;
  const most = batchRows + components;
  const incremental = new PcaIncremental({ features: d, components, most, device, threads });
  o.onDevice(incremental.name);
  const batches = new Batches(d, { batchRows, rest: components }, (x) => incremental.add(x.values, x.rows));
  await dataPass(chunks, { ...o, features: d, pass: 1, passes: 1 }, (rows) => batches.take(rows));
  await batches.end();
  const [count, squares, mean] = await merged(incremental, wanted, allReduce);
  let found: Eigenpairs | null = null;
  if (allReduce.rank === 0) {
    const { singular, vectors } = await incremental.result();
    found = { values: singular.map((sigma) => sigma ** 2), vectors };
  }
  return sharedAxes(found, { count, mean, squares, allReduce });
}

/** Rank 0 takes what the others have seen, one after the other. */
async function merged(
  incremental: PcaIncremental,
  wanted: Wanted,
  allReduce: AllReduce,
): Promise<[count: number, squares: number, mean: Float64Array]> {
  const { features: d, components } = wanted;
  const own = await incremental.state();
  const parts = await allGather(allReduce, [Float64Array.of(own.count, own.squares, own.rank), own.mean]);
  requireRows(
    parts.reduce((sum, part) => sum + part[0]!, 0),
    wanted,
  );
  for (let rank = 1; rank < allReduce.size; rank++) {
    const scaled = new Float32Array(components * d);
    if (rank === allReduce.rank) scaled.set(own.scaled);
    await allReduce.sum(scaled);
    const [count = 0, squares = 0, size = 0] = parts[rank]!;
    if (allReduce.rank > 0 || count === 0) continue;
    await incremental.merge({ scaled, rank: size, mean: parts[rank]!.subarray(3), count, squares });
  }
  const all = await incremental.state();
  const [first] = (await allGather(allReduce, [Float64Array.of(all.count, all.squares), all.mean])) as [Float64Array];
  return [first[0]!, first[1]!, first.slice(2)];
}

/** Cuts chunks of any size into batches of one: a rest of fewer than `rest` rows goes with the last batch. */
class Batches {
  readonly #features: number;
  readonly #o: { readonly batchRows: number; readonly rest: number };
  readonly #give: (batch: PassRows) => Promise<void>;
  #values: Float32Array | null = null;
  #rows = 0;

  constructor(
    features: number,
    o: { readonly batchRows: number; readonly rest: number },
    give: (batch: PassRows) => Promise<void>,
  ) {
    this.#features = features;
    this.#o = o;
    this.#give = give;
  }

  async take({ values, rows }: PassRows): Promise<void> {
    const d = this.#features;
    const most = this.#o.batchRows + this.#o.rest;
    this.#values ??= new Float32Array(most * d);
    for (let row = 0; row < rows; ) {
      const part = Math.min(rows - row, most - this.#rows);
      this.#values.set(values.subarray(row * d, (row + part) * d), this.#rows * d);
      this.#rows += part;
      row += part;
      if (this.#rows === most) await this.#flush(this.#o.batchRows);
    }
  }

  async end(): Promise<void> {
    await this.#flush(this.#rows);
  }

  async #flush(rows: number): Promise<void> {
    if (!this.#values || rows === 0) return;
    await this.#give({ values: this.#values, rows });
    this.#values.copyWithin(0, rows * this.#features, this.#rows * this.#features);
    this.#rows -= rows;
  }
}
