import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDataset } from '@weft/hdfs-loader';
import { decodeTransformer, encodeTransformer, Pipeline } from '@weft/preprocessing';
import type { Message } from '@weft/transport';
import { describe, expect, it } from 'vitest';
import { ControlKind, toHeader } from '../../src/control-messages.js';
import { type PreprocessJob, PreprocessKind } from '../../src/preprocess/messages.js';
import { runPreprocessNode } from '../../src/preprocess/preprocess-node.js';
import { fakeCoordinator } from '../fake-coordinator.js';
import { scratchFolder, shardedDataset } from '../tiny-dataset.js';

const bytesOf = (pipeline: Pipeline) => Buffer.concat(encodeTransformer(pipeline));

/** A worker, and a coordinator that has two shards for it. */
async function worker(over: Partial<PreprocessJob> = {}, steps = 'standardize,minmax') {
  const dir = join(scratchFolder(), 'data');
  mkdirSync(dir);
  const job: PreprocessJob = {
    source: { location: await shardedDataset({ train: 40, test: 10, shardSamples: 20 }), storage: {} },
    staging: { location: dir, storage: {}, dir },
    classes: 3,
    seed: 1,
    workers: 1,
    fits: true,
    pieces: [
      { shard: 0, start: 0, end: 20 },
      { shard: 1, start: 0, end: 20 },
    ],
    cacheBytes: 0,
    device: 'cpu',
    threads: 1,
    ...over,
  };
  let state = bytesOf(Pipeline.parse(steps, [4, 4, 1]));
  const tasks = [
    { kind: 'transform', subset: 'train', index: 1 },
    { kind: 'transform', subset: 'test', index: 0 },
    { kind: 'stop' },
  ];
  const came: Message[] = [];
  const { start, control } = await fakeCoordinator('preprocessor', (message) => {
    const { kind, header } = message;
    came.push(message);
    switch (kind) {
      case ControlKind.join:
        return { header: toHeader(job), sendView: state };
      case PreprocessKind.meet:
        return { header: { addresses: [header] } };
      case PreprocessKind.fitted:
        state = Buffer.from(message.payload);
        return {};
      case ControlKind.state:
        return { sendView: state };
      case ControlKind.next:
        return { header: toHeader(tasks.shift()!) };
      default:
        return {};
    }
  });
  const headers = (kind: number) => came.filter((m) => m.kind === kind).map(({ header }) => header);
  return { run: () => runPreprocessNode(start, control), dir, job, headers, state: () => state };
}

describe('runPreprocessNode', { timeout: 60_000 }, () => {
  it('fits step by step, hands over what it has learnt, and writes the shards that it is given', async () => {
    const { run, dir, job, headers, state } = await worker();
    await run();
    expect(headers(PreprocessKind.fitted)).toEqual([
      { step: 0, isLast: false },
      { step: 1, isLast: true },
    ]);
    expect(headers(ControlKind.progress)[0]).toEqual({ step: 'standardize', pass: 1, passes: 1, rows: 20 });
    expect(headers(PreprocessKind.written)).toMatchObject([
      { subset: 'train', index: 1, shard: { file: 'train-00001.safetensors', samples: 20 }, error: null },
      { subset: 'test', index: 0, shard: { file: 'test-00000.safetensors', samples: 10 }, error: null },
    ]);
    expect(readdirSync(dir).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'test-00000.safetensors',
      'train-00001.safetensors',
    ]);
    const pipeline = decodeTransformer(state(), 'state') as Pipeline;
    const { inputs } = await (await openDataset(job.source.location)).subset('train').load();
    const { values } = await pipeline.transform({ values: inputs, rows: 40, features: 16 });
    const [min, max] = [Math.min(...values), Math.max(...values)];
    expect([min, max].map((value) => value.toFixed(5))).toEqual(['0.00000', '1.00000']);
  });

  it('fits nothing where all is fitted, and hands over nothing that is not rank 0’s', async () => {
    const fitted = await worker({ fits: false }, 'flatten');
    await fitted.run();
    expect(fitted.headers(PreprocessKind.meet)).toEqual([]);
    expect(fitted.headers(PreprocessKind.written)).toHaveLength(2);
  });

  it('rejects with what is wrong with its job, its data or its steps', async () => {
    const rejection = async (over: object) => (await worker(over)).run();
    await expect(rejection({ threads: 0 })).rejects.toThrow('preprocessor 0: job: threads: ');
    await expect(rejection({ source: { location: '/nowhere', storage: {} } })).rejects.toThrow(
      '/nowhere/manifest.json',
    );
    await expect(rejection({ pieces: [{ shard: 7, start: 0, end: 1 }] })).rejects.toThrow('shard of 0 to 1, got 7');
    const { run } = await worker({ fits: false }, 'standardize');
    await expect(run()).rejects.toThrow(/^train shard 1: .*standardize/);
  });
});
