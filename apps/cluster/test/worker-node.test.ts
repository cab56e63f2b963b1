import { getParameters, getState, modelFromJson, modelToJson } from '@weft/models';
import { algorithm, ParameterShard, ShardKind, shardHandler, type Task } from '@weft/trainer';
import { asFloat32, listen, type Message } from '@weft/transport';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ControlKind, toHeader, type WorkerJob } from '../src/control-messages.js';
import { runWorkerNode, type WorkerState } from '../src/worker-node.js';
import { fakeCoordinator } from './fake-coordinator.js';
import { tinyDataset, tinyModel } from './tiny-dataset.js';

const TASKS: Task[] = [
  { kind: 'train', range: { epoch: 0, start: 0, end: 20 }, upcoming: null },
  { kind: 'flush' },
  { kind: 'evaluate', start: 0, end: 5, classes: 3 },
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
    dataset: { location: await tinyDataset(20, 5), storage: {} },
    shuffleBytes: 2 ** 20,
    augment: '',
    first: { epoch: 0, start: 0, end: 20 },
    normalization: { scale: 1 / 255, shift: 0 },
    shards: [],
    ...over,
  };
}

describe('runWorkerNode', { timeout: 60_000 }, () => {
  // auto is native where that is built, else tensorflow where that is set up.
  it.each([
    ['tfjs', /^tfjs-/, /^asked for$/],
    ['auto', /^(native-|tensorflow|tfjs-)/, /^(the fastest here$|(slow, but )?native is )/],
  ])('starts from the coordinator’s θ₀ and state, and works through its tasks: %s', async (engine, name, reason) => {
    const model = frozenModel();
    const topology = new TextEncoder().encode(modelToJson(model));
    const job = await jobOf({ engine });
    const initial = getParameters(model);
    const frozen = getState(model).map((_, i) => i / 100);
    const mean = frozen.map((v) => v + 0.5);
    const states: Float32Array[] = [];
    const tasks = [...TASKS];
    const came: Message[] = [];
    let byClass = new Uint32Array(0);
    const { start, control } = await fakeCoordinator('worker', (message) => {
      came.push(message);
      switch (message.kind) {
        case ControlKind.join:
          return { header: toHeader(job), sendView: topology };
        case ControlKind.parameters:
          return { sendView: initial };
        case ControlKind.state:
          return { sendView: frozen };
        case ControlKind.averageState:
          states.push(asFloat32(message.payload).slice());
          return { sendView: mean };
        case ControlKind.next:
          byClass = new Uint32Array(Uint8Array.from(message.payload).buffer);
          return { header: toHeader(tasks.shift()!) };
        default:
          return undefined;
      }
    });
    const failures: unknown[] = [];
    const state: WorkerState = { replica: null, fail: (error) => failures.push(error) };
    onTestFinished(() => state.replica?.dispose());
    await runWorkerNode(start, control, state);
    expect(failures).toEqual([]);
    // Frozen weights do not change by themselves: what the flush sent is what the worker started from.
    expect(states).toEqual([frozen]);
    expect(state.replica?.state).toEqual(mean);
    const order = came.map(({ kind }) => kind).slice(-4);
    expect(order).toEqual([ControlKind.progress, ControlKind.averageState, ControlKind.next, ControlKind.next]);
    expect(state.replica?.parameters).not.toEqual(initial);
    const headers = (kind: number) => came.filter((m) => m.kind === kind).map(({ header }) => header);
    expect(headers(ControlKind.parameters)).toMatchObject([
      { engine: expect.stringMatching(name), reason: expect.stringMatching(reason) },
    ]);
    expect(headers(ControlKind.progress)).toMatchObject([
      { trained: [{ epoch: 0, start: 0, end: 20 }], samples: 20, steps: 2, staleness: null },
    ]);
    expect(headers(ControlKind.next)).toMatchObject([
      { finished: null },
      { finished: null },
      { finished: null },
      { finished: { size: 5 } },
    ]);
    const last = came.findLast(({ kind }) => kind === ControlKind.next);
    expect(byClass.reduce((sum, n) => sum + n, 0)).toBe((last!.header['finished'] as { correct: number }).correct);
    expect(byClass).toHaveLength(3);
  });

  it('sends no state where there is none', async () => {
    const topology = new TextEncoder().encode(modelToJson(tinyModel()));
    const job = await jobOf({ engine: 'auto' });
    const tasks = [...TASKS];
    const kinds: number[] = [];
    const { start, control } = await fakeCoordinator('worker', ({ kind }) => {
      kinds.push(kind);
      if (kind === ControlKind.join) return { header: toHeader(job), sendView: topology };
      if (kind === ControlKind.parameters) return { sendView: getParameters(tinyModel()) };
      return kind === ControlKind.next ? { header: toHeader(tasks.shift()!) } : undefined;
    });
    const state: WorkerState = { replica: null, fail: () => {} };
    onTestFinished(() => state.replica?.dispose());
    await runWorkerNode(start, control, state);
    expect(kinds.filter((kind) => kind === ControlKind.state || kind === ControlKind.averageState)).toEqual([]);
  });

  it('tells where a report cannot be sent: its samples would never be counted', async () => {
    const model = tinyModel();
    const initial = getParameters(model);
    const topology = new TextEncoder().encode(modelToJson(model));
    const rule = { trainer: 'adag', window: 2, workers: 1, settings: {} };
    const shard = new ParameterShard({ center: initial.slice(), rule: algorithm('adag').shard!(rule), workers: 1 });
    const serve = shardHandler(shard);
    let cut = (): Promise<void> => Promise.resolve();
    const token = Buffer.alloc(32, 5);
    const server = await listen({
      identity: { role: 'shard', rank: 0, run: 'r' },
      token,
      handler: async (message, peer) => {
        // Between the push and the report of it, the connection to the coordinator goes.
        if (message.kind === ShardKind.push) await cut();
        return serve(message, peer);
      },
    });
    onTestFinished(() => server.close());
    const { host, port } = server;
    const range = { start: 0, end: initial.length };
    const job = await jobOf({ engine: 'auto', rule, shards: [{ host, port, range }] });
    const tasks = TASKS.slice(0, 1);
    const { start, control } = await fakeCoordinator('worker', ({ kind }) => {
      if (kind === ControlKind.join) return { header: toHeader(job), sendView: topology };
      if (kind === ControlKind.parameters) return { sendView: initial };
      // After its only range the worker waits for a task until the connection goes.
      const task = tasks.shift();
      return task ? { header: toHeader(task) } : new Promise(() => {});
    });
    cut = () => control.close();
    let fail: WorkerState['fail'] = () => {};
    const failed = new Promise<unknown>((resolve) => {
      fail = resolve;
    });
    const state: WorkerState = { replica: null, fail };
    onTestFinished(() => state.replica?.dispose());
    await expect(runWorkerNode(start, control, state)).rejects.toMatchObject({ code: 'closed' });
    expect(await failed).toMatchObject({ code: 'closed' });
    expect(shard.version).toBe(1);
  });

  it('rejects with what is wrong with its job, its data or its tasks', async () => {
    const topology = new TextEncoder().encode(modelToJson(tinyModel()));
    const workerOf = async (over: object, task: object = { kind: 'rest' }) => {
      const header = toHeader({ ...(await jobOf()), ...over });
      const { start, control } = await fakeCoordinator('worker', ({ kind }) => {
        if (kind === ControlKind.join) return { header, sendView: topology };
        return kind === ControlKind.parameters ? { sendView: getParameters(tinyModel()) } : { header: toHeader(task) };
      });
      const state: WorkerState = { replica: null, fail: () => {} };
      onTestFinished(() => state.replica?.dispose());
      return runWorkerNode(start, control, state);
    };
    await expect(workerOf({ batchSize: -1 })).rejects.toThrow('worker 0: job: batchSize: ');
    await expect(workerOf({ dataset: { location: '/nowhere', storage: {} } })).rejects.toThrow(
      '/nowhere/manifest.json: no such file',
    );
    await expect(workerOf({ shards: [{ host: '127.0.0.1', port: 1, range: { start: 0, end: 1 } }] })).rejects.toThrow(
      'connect to 127.0.0.1:1',
    );
    await expect(workerOf({})).rejects.toThrow('worker 0: task: kind: ');
  });
});
