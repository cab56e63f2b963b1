import { describe, expect, it, vi } from 'vitest';
import { createModel, createReplica } from '../src/index.js';
import { createTfjsReplica } from '../src/tfjs-replica.js';
import { replicaContract } from './replica-contract.js';

// A thread that loads tfjs takes half a second, and more where cores are shared.
vi.setConfig({ testTimeout: 60_000 });

describe('the tfjs replica', () => {
  replicaContract({ engine: 'tfjs' });

  it('rejects with the message of a thread that cannot start, and with the reason of an abort', async () => {
    const empty = new Float32Array(0);
    const setup = {
      topology: '{"class_name":"Sequential","config":{"layers":[{"class_name":"Nonsense","config":{}}]}}',
      layout: [],
      parameters: empty,
      state: empty,
      shape: { features: 1, outputs: 1 },
      loss: 'mean-squared-error' as const,
      normalization: { scale: 1, shift: 0 },
      seed: 0,
      threads: 1,
    };
    await expect(createTfjsReplica(setup)).rejects.toMatchObject({
      code: 'worker-failed',
      message: /Unknown layer: Nonsense/,
    });
    const controller = new AbortController();
    const starting = createReplica({
      model: createModel('mlp', { seed: 1 }),
      engine: 'tfjs',
      signal: controller.signal,
    });
    controller.abort(new Error('stop'));
    await expect(starting).rejects.toThrow('stop');
  });
});
