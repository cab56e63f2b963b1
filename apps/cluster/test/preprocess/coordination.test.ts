import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataset, openStorage, stageShards } from '@weft/hdfs-loader';
import { decodeTransformer, Pipeline } from '@weft/preprocessing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NodeProcess } from '../../src/launcher.js';
import { configurePreprocess } from '../../src/preprocess/config.js';
import { coordinatePreprocess, type PreprocessRun, STATE_FILE } from '../../src/preprocess/coordination.js';
import { Notes } from '../../src/preprocess/notes.js';
import { ShardQueue } from '../../src/preprocess/shard-queue.js';
import { slices } from '../../src/preprocess/slices.js';
import { scratchFolder, shardedDataset } from '../tiny-dataset.js';
import { isAlive } from '../tiny-run.js';

/** Two workers for 4 shards of tiny images. */
async function tinyPreprocess(over: Partial<PreprocessRun> = {}) {
  const dir = scratchFolder();
  const source = await openDataset(await shardedDataset({ train: 60, test: 10, shardSamples: 20 }));
  const destination = join(dir, 'made');
  const config = configurePreprocess(
    { source: source.location, destination, steps: 'standardize', threads: 1 },
    { WEFT_DATA_DIR: dir },
  );
  const { subsets } = source.manifest;
  const plan = { fingerprint: 'x', name: 'tiny', shards: { train: 3, test: 1 } };
  const staged = await stageShards(openStorage(destination), plan);
  onTestFinished(() => staged.leave());
  const logDir = join(dir, 'logs');
  mkdirSync(logDir);
  const nodes: NodeProcess[] = [];
  const events: string[] = [];
  const run: PreprocessRun = {
    ...{ config, source, staged, logDir },
    run: 'r',
    storage: {},
    pipeline: Pipeline.parse(config.steps, source.manifest.inputShape),
    pieces: slices(subsets.train.shards, { hosts: config.hosts }),
    queue: new ShardQueue({ subsets, has: (subset, index) => staged.has(subset, index) }),
    notes: await Notes.open(staged),
    signal: new AbortController().signal,
    onLine: (line) => events.push(line),
    onStarted: (started) => nodes.push(...started),
    onFit: ({ step }) => events.push(step),
    onFitted: (step) => events.push(`fitted ${step}`),
    onWritten: () => events.push('written'),
    ...over,
  };
  return { run, staged, nodes, events };
}

describe('coordinatePreprocess', { timeout: 120_000 }, () => {
  it('has its workers fit and transform, and keeps state and shards as they come', async () => {
    const { run, staged, nodes, events } = await tinyPreprocess();
    const state = await coordinatePreprocess(run);
    expect(decodeTransformer(state, 'state').isFitted).toBe(true);
    expect(readFileSync(join(staged.dir, STATE_FILE))).toEqual(Buffer.from(state));
    expect([0, 1, 2].map((index) => staged.has('train', index))).toEqual([true, true, true]);
    expect(staged.has('test', 0)).toBe(true);
    expect(run.queue.isDone).toBe(true);
    expect(run.notes.fitSeconds(0)).toBeGreaterThan(0);
    expect(events[0]).toBe('standardize');
    expect(events.slice(events.indexOf('fitted 0'))).toEqual(['fitted 0', 'written', 'written', 'written', 'written']);
    expect(nodes.map(({ role, rank, pid }) => `${role} ${rank} ${isAlive(pid)}`)).toEqual([
      'preprocessor 0 false',
      'preprocessor 1 false',
    ]);
  });

  it('ends with what cannot be kept, or what a watcher throws', async () => {
    const full = await tinyPreprocess();
    const staged = {
      ...full.run.staged,
      dir: full.staged.dir,
      add: () => Promise.reject(new Error('disk full')),
      readFile: () => Promise.resolve(null),
      writeFile: () => Promise.resolve(),
    } as unknown as PreprocessRun['staged'];
    const notes = await Notes.open(staged);
    await expect(coordinatePreprocess({ ...full.run, staged, notes })).rejects.toMatchObject({
      code: 'data',
      message: 'disk full',
    });
    const thrown = await tinyPreprocess({
      onFitted: () => {
        throw new Error('no terminal');
      },
    });
    await expect(coordinatePreprocess(thrown.run)).rejects.toThrow('no terminal');
    expect([...full.nodes, ...thrown.nodes].filter(({ pid }) => isAlive(pid))).toEqual([]);
  });

  it('names a step that cannot be fitted, and the worker', async () => {
    const { run } = await tinyPreprocess({ pieces: [[{ shard: 9, start: 0, end: 1 }], []] });
    await expect(coordinatePreprocess(run)).rejects.toMatchObject({
      code: 'node',
      message: expect.stringMatching(/^preprocessor 0: .*shard of 0 to 2, got 9; log: /),
    });
  });
});
