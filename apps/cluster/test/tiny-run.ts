import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDataset } from '@weft/hdfs-loader';
import { getParameters, getState, modelToJson } from '@weft/models';
import { configure, type TrainOptions } from '../src/config.js';
import type { CoordinatorOptions } from '../src/coordinator.js';
import type { NodeProcess } from '../src/launcher.js';
import { NOWHERE } from '../src/locality.js';
import { scratchFolder, tinyDataset, tinyModel } from './tiny-dataset.js';

/** What a run of the tiny model tells, and its processes. */
export interface TinyRun {
  readonly options: CoordinatorOptions;
  readonly nodes: NodeProcess[];
  /** Settles with the first report of a worker. */
  readonly training: Promise<void>;
}

/** A run of two workers on 300 tiny images, for coordinate(). */
export async function tinyRun(given: TrainOptions, over: Partial<CoordinatorOptions> = {}): Promise<TinyRun> {
  const config = configure({ batchSize: 10, threads: 1, ...given }, { WEFT_DATA_DIR: scratchFolder() });
  const model = tinyModel();
  const dataset = await openDataset(await tinyDataset());
  const logDir = join(scratchFolder(), 'logs');
  mkdirSync(logDir);
  const nodes: NodeProcess[] = [];
  let begun = (): void => {};
  const training = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const options: CoordinatorOptions = {
    config,
    run: 'test',
    topology: modelToJson(model),
    initial: getParameters(model),
    initialState: getState(model),
    dataset,
    storage: {},
    locality: NOWHERE,
    normalization: { scale: 1 / 255, shift: 0 },
    logDir,
    signal: new AbortController().signal,
    onStarted: (started) => nodes.push(...started),
    onEngine: () => {},
    onEpochStart: () => {},
    onProgress: () => begun(),
    onEpochTrained: () => {},
    onEpochScored: () => {},
    ...over,
  };
  model.dispose();
  return { options, nodes, training };
}

/** Whether a process of this number is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
