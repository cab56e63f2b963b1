import { openDataset, type Samples } from '@weft/hdfs-loader';
import { Pipeline } from '@weft/preprocessing';
import { shardedDataset } from '../tiny-dataset.js';

/** Three shards of training samples and one for testing, and a pipeline that is fitted on the former. */
export async function tinyPipeline(steps: string) {
  const source = await openDataset(await shardedDataset({ train: 60, test: 10, shardSamples: 20 }));
  const train: Samples = await source.subset('train').load();
  const test: Samples = await source.subset('test').load();
  const chunk = { values: train.inputs, rows: train.count, features: train.features };
  const pipeline = await Pipeline.parse(steps, source.manifest.inputShape).fit(() => [chunk]);
  return { source, train, test, chunk, pipeline };
}
