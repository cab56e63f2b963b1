import { describe, expect, it, vi } from 'vitest';
import { createModel, modelToJson } from '../src/index.js';
import { createWorkerReplica } from '../src/worker-replica.js';

vi.setConfig({ testTimeout: 60_000 });

// What a replica does once it runs: replica-contract.ts, for every engine.
describe('createWorkerReplica', () => {
  const parameters = Float32Array.of(1, 2);
  const setup = {
    topology: modelToJson(createModel('mlp', { seed: 1, inputShape: [2, 2, 1] })),
    layout: [],
    parameters,
    state: new Float32Array(0),
    shape: { features: 4, outputs: 10 },
    loss: 'categorical-crossentropy' as const,
    normalization: { scale: 1, shift: 0 },
    seed: 0,
    threads: 1,
  };

  it('names the engine whose thread does not start', async () => {
    await expect(createWorkerReplica({ name: 'odd', file: 'no-such-worker', setup })).rejects.toMatchObject({
      code: 'worker-failed',
      message: /^odd worker thread: Cannot find module/,
    });
  });

  it('passes on that an engine is not available', async () => {
    const location = { name: '@tensorflow/tfjs-node', root: '/nowhere', addon: '/nowhere/addon.node' };
    const starting = createWorkerReplica({
      name: 'x',
      file: 'tensorflow-worker',
      setup,
      data: { location, threads: 1 },
    });
    await expect(starting).rejects.toMatchObject({
      code: 'engine-unavailable',
      message: /^engine tensorflow: .* does not load/,
    });
  });

  it('shares vectors that are copies of the given ones, and starts nothing once aborted', async () => {
    const replica = await createWorkerReplica({ name: 'tfjs', file: 'tfjs-worker', setup });
    expect(replica.parameters).toEqual(parameters);
    expect(replica.parameters.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(replica.gradients).toHaveLength(2);
    replica.dispose();
    const signal = AbortSignal.abort(new Error('stop'));
    const options = { name: 'tfjs', file: 'tfjs-worker', setup: { ...setup, signal } };
    await expect(createWorkerReplica(options)).rejects.toThrow('stop');
  });
});
