import { join } from 'node:path';
import { type Dataset, openDataset } from '../src/dataset.js';
import { writeDataset } from '../src/dataset-writer.js';
import type { Samples } from '../src/samples.js';
import { scratchFolder } from './scratch-folder.js';
import { syntheticSource } from './synthetic-source.js';

/** `count` samples of 2 × 2 whose label is their number, which their first two values say too. */
export function numberedSamples(count: number): Samples {
  const inputs = new Uint8Array(count * 4);
  for (let i = 0; i < count; i++) inputs.set([i & 255, i >> 8, 7, 9], i * 4);
  return { inputs, labels: Uint16Array.from({ length: count }, (_, i) => i), count, features: 4 };
}

/** A data set of many small shards. */
export async function manyShards(o: { train: number; test: number; shardSamples: number }): Promise<Dataset> {
  const labelNames = Array.from({ length: Math.max(o.train, o.test) }, (_, i) => String(i));
  const held = { train: numberedSamples(o.train), test: numberedSamples(o.test) };
  const dir = join(scratchFolder(), 'many');
  await writeDataset(syntheticSource({ labelNames, ...held }), dir, { shardSamples: o.shardSamples });
  return openDataset(dir);
}
