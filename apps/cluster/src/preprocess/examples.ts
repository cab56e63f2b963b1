/** Some samples on their way through the pipeline, and back. */
import type { Dataset, Samples } from '@weft/hdfs-loader';
import type { Matrix, Pipeline } from '@weft/preprocessing';
import { Reconstruction } from './reconstruction.js';

/** Rows of one shape. */
export interface Stage {
  readonly rows: Matrix;
  readonly shape: readonly number[];
}

/** The same samples at each stage, row by row. */
export interface Examples {
  readonly labels: readonly number[];
  readonly source: Stage;
  /** What the Pca is given, and what it restores; null where there is none, or no way back to it. */
  readonly input: Stage | null;
  readonly restored: Matrix | null;
  /** What training reads. */
  readonly output: Stage;
  /** √(‖x − x̂‖² / d) of each. */
  readonly rmse: readonly number[] | null;
}

/** Rows of different classes first; in the order of the shard. @example pick(Uint16Array.of(0, 0, 1), 2) // [0, 2] */
export function pick(labels: ArrayLike<number>, count: number): number[] {
  const seen = new Set<number>();
  const rows = Array.from(labels, (_, row) => row);
  const first = rows.filter((row) => !seen.has(labels[row]!) && seen.add(labels[row]!));
  const rest = rows.filter((row) => !first.includes(row));
  return [...first, ...rest].slice(0, count).toSorted((a, b) => a - b);
}

/** Of the first shard: the pictures of a page need no more. */
async function firstShard(dataset: Dataset, signal: AbortSignal): Promise<Samples> {
  const { test, train } = dataset.manifest.subsets;
  const subset = dataset.subset(test.samples > 0 ? 'test' : 'train');
  const { bytes } = (test.samples > 0 ? test : train).shards[0]!;
  return await subset.readShard(0, new Uint8Array(bytes), { signal });
}

/**
 * Takes samples of the test split, or of the training split where there is no other, through a fitted pipeline.
 *
 * @throws what reading throws; {PreprocessingError}
 */
export async function examplesOf(
  dataset: Dataset,
  pipeline: Pipeline,
  o: { count: number; signal: AbortSignal },
): Promise<Examples> {
  const { inputs, labels, features } = await firstShard(dataset, o.signal);
  const chosen = pick(labels, o.count);
  const values = inputs.slice(0, chosen.length * features);
  for (const [i, row] of chosen.entries())
    values.set(inputs.subarray(row * features, (row + 1) * features), i * features);
  const rows: Matrix = { values, rows: chosen.length, features };
  const source = { rows, shape: dataset.manifest.inputShape };
  const told = chosen.map((row) => labels[row]!);
  const reconstruction = Reconstruction.of(pipeline);
  if (!reconstruction) {
    const output = { rows: await pipeline.transform(rows), shape: pipeline.sampleShape };
    return { labels: told, source, input: null, restored: null, output, rmse: null };
  }
  const { input, output, restored } = await reconstruction.restore(rows);
  return {
    labels: told,
    source,
    input: { rows: input, shape: reconstruction.shape },
    restored,
    output: { rows: output, shape: pipeline.sampleShape },
    rmse: chosen.map((_, i) => {
      const { squared, values } = reconstruction.errorOf({ input: rowOf(input, i), restored: rowOf(restored, i) });
      return Math.sqrt(squared / values);
    }),
  };
}

/** One row as a matrix: a view. */
export const rowOf = ({ values, features }: Matrix, row: number): Matrix => ({
  values: values.subarray(row * features, (row + 1) * features),
  rows: 1,
  features,
});
