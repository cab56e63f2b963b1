import { getParameters, getState, modelFromJson, modelToJson } from '@weft/models';
import type { Task } from '@weft/trainer';
import type { Message } from '@weft/transport';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ControlKind, toHeader, type WorkerJob } from '../src/control-messages.js';
import { runWorkerNode, type WorkerState } from '../src/worker-node.js';
import { fakeCoordinator } from './fake-coordinator.js';
import { tinyDataset, tinyModel } from './tiny-dataset.js';

const TASKS: Task[] = [
  { kind: 'train', range: { epoch: 0, start: 0, end: 20 } },
  { kind: 'flush' },
  { kind: 'evaluate', start: 0, end: 5 },
  { kind: 'stop' },
];

/** The tiny model with its first layer frozen. */
function frozenModel() {
  const topology = JSON.parse(modelToJson(tinyModel()));
  topology.config.layers[2].config.trainable = false;
  return modelFromJson(JSON.stringify(topology));
}

async function jobOf(over: Partial<WorkerJob> = {}): Promise<WorkerJob> {
  return {
    rule: { trainer: 'single', window: 1, workers: 1, settings: {} },
    optimizer: 'sgd',
    learningRate: 0.1,
    batchSize: 10,
    engine: 'tfjs',
    threads: 1,
    seed: 1,
    datasetDir: await tinyDataset(20, 5),
    normalization: { scale: 1 / 255, shift: 0 },
    parameters: 51,
    shards: [],
    ...over,
  };
}

describe('runWorkerNode', { timeout: 60_000 }, () => {
  it('starts from the coordinator’s θ₀ and state, and works through its tasks', async () => {
    const model = frozenModel();
    const topology = new TextEncoder().encode(modelToJson(model));
    const job = await jobOf();
    const initial = getParameters(model);
    const frozen = getState(model).map((_, i) => i / 100);
    const tasks = [...TASKS];
    const came: Message[] = [];
    const { start, control } = await fakeCoordinator('worker', (message) => {
      came.push(message);
      switch (message.kind) {
        case ControlKind.join:
          return { header: toHeader(job), payload: topology };
        case ControlKind.parameters:
          return { payload: initial };
        case ControlKind.state:
          return { payload: frozen };
        case ControlKind.next:
          return { header: toHeader(tasks.shift()!) };
        default:
          return undefined;
      }
    });
    const state: WorkerState = { replica: null };
    await runWorkerNode(start, control, state);
    onTestFinished(() => state.replica?.dispose());
    expect(state.replica?.state).toEqual(frozen);
    expect(state.replica?.parameters).not.toEqual(initial);
    const headers = (kind: number) => came.filter((m) => m.kind === kind).map(({ header }) => header);
    expect(headers(ControlKind.parameters)).toMatchObject([
      { engine: expect.stringMatching(/^tfjs/), reason: 'tfjs: asked for' },
    ]);
    expect(headers(ControlKind.progress)).toMatchObject([
      { trained: [{ epoch: 0, start: 0, end: 10 }], samples: 10, staleness: null },
      { trained: [{ epoch: 0, start: 10, end: 20 }], steps: 1 },
    ]);
    expect(headers(ControlKind.next)).toMatchObject([
      { finished: null },
      { finished: null },
      { finished: null },
      { finished: { size: 5 } },
    ]);
  });

  it('rejects with what is wrong with its job, its data or its tasks', async () => {
    const topology = new TextEncoder().encode(modelToJson(tinyModel()));
    const workerOf = async (over: object, task: object = { kind: 'rest' }) => {
      const header = toHeader({ ...(await jobOf()), ...over });
      const { start, control } = await fakeCoordinator('worker', ({ kind }) => {
        if (kind === ControlKind.join) return { header, payload: topology };
        return kind === ControlKind.parameters ? { payload: getParameters(tinyModel()) } : { header: toHeader(task) };
      });
      const state: WorkerState = { replica: null };
      onTestFinished(() => state.replica?.dispose());
      return runWorkerNode(start, control, state);
    };
    await expect(workerOf({ batchSize: -1 })).rejects.toThrow('worker 0: job: batchSize: ');
    await expect(workerOf({ datasetDir: '/nowhere' })).rejects.toThrow('/nowhere/manifest.json: no such file');
    await expect(workerOf({ shards: [{ host: '127.0.0.1', port: 1, range: { start: 0, end: 1 } }] })).rejects.toThrow(
      'connect to 127.0.0.1:1',
    );
    await expect(workerOf({})).rejects.toThrow('worker 0: task: kind: ');
  });
});
