import { openDataset } from '@weft/hdfs-loader';
import { describe, expect, it } from 'vitest';
import { examplesOf, pick, rowOf } from '../../src/preprocess/examples.js';
import { shardedDataset } from '../tiny-dataset.js';
import { tinyPipeline } from './tiny-pipeline.js';

const { signal } = new AbortController();

describe('examplesOf', () => {
  it('takes test samples of different classes through the pipeline and back', async () => {
    const { source, pipeline, test } = await tinyPipeline('minmax,pca=4,reshape=2x2x1');
    const {
      labels,
      source: original,
      input,
      restored,
      output,
      rmse,
    } = await examplesOf(source, pipeline, {
      count: 3,
      signal,
    });
    expect(labels.toSorted((a, b) => a - b)).toEqual([0, 1, 2]);
    expect([original.shape, input!.shape, output.shape]).toEqual([
      [4, 4, 1],
      [4, 4, 1],
      [2, 2, 1],
    ]);
    expect([original.rows.rows, input!.rows.rows, restored!.rows, output.rows.rows]).toEqual([3, 3, 3, 3]);
    expect(rmse).toHaveLength(3);
    const first = [...rowOf(original.rows, 0).values];
    expect(first).toEqual([...test.inputs.subarray(0, 16)]);
    const mean = first.reduce((sum, _, j) => sum + (input!.rows.values[j]! - restored!.values[j]!) ** 2, 0) / 16;
    expect(rmse![0]).toBeCloseTo(Math.sqrt(mean), 6);
  });

  it('does without a Pca, and without test samples', async () => {
    const { pipeline } = await tinyPipeline('crop=2');
    const source = await openDataset(await shardedDataset({ train: 5, test: 0, shardSamples: 4 }));
    const { labels, input, restored, output, rmse } = await examplesOf(source, pipeline, { count: 8, signal });
    expect(labels).toEqual([0, 1, 2, 0]);
    expect([input, restored, rmse]).toEqual([null, null, null]);
    expect(output).toMatchObject({ shape: [2, 2, 1], rows: { rows: 4 } });
  });
});

describe('pick', () => {
  it('takes rows of different classes first', () => {
    expect(pick([0, 0, 1, 1, 2], 3)).toEqual([0, 2, 4]);
    expect(pick([0, 0, 1], 8)).toEqual([0, 1, 2]);
  });
});
