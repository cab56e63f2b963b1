import { openDataset } from '@weft/hdfs-loader';
import { describe, expect, it } from 'vitest';
import { parseHosts } from '../../src/hosts.js';
import { nearness } from '../../src/preprocess/nearness.js';
import { shardedDataset } from '../tiny-dataset.js';

const { signal } = new AbortController();

describe('nearness', () => {
  it('asks nothing where there is one host', async () => {
    const dataset = await openDataset(await shardedDataset({ train: 4, test: 1, shardSamples: 4 }));
    expect(await nearness(dataset, { hosts: parseHosts('localhost slots=2', 'hosts.txt'), signal })).toBeNull();
  });

  it('tells hosts and workers that hold a shard from those that do not', async () => {
    const dataset = await openDataset(await shardedDataset({ train: 8, test: 1, shardSamples: 4 }));
    const [here, part] = parseHosts('localhost slots=2\n127.0.1.9', 'hosts.txt');
    const near = await nearness(dataset, { hosts: [here!, part!], signal });
    // Files lie on this machine; the other name stands for itself alone.
    expect([near!.ofHost(here!, 0), near!.ofHost(part!, 1)]).toEqual([1, 0]);
    const ref = { subset: 'test', index: 0 } as const;
    expect([0, 1, 2].map((worker) => near!.ofWorker(worker, ref))).toEqual([1, 1, 0]);
  });
});
