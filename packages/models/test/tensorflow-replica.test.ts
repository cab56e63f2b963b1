import { expect, it, vi } from 'vitest';
import { createModel, createReplica, modelToJson, type Replica } from '../src/index.js';
import { createTensorflowReplica, tensorflowUnavailable } from '../src/tensorflow-replica.js';
import { tf } from '../src/tf.js';
import { noise, relativeError } from './oracle.js';
import { replicaContract } from './replica-contract.js';
import { describeTensorflow, tensorflowDir } from './tensorflow-here.js';

vi.setConfig({ testTimeout: 60_000 });

it('says that nothing is set up, and how to change that', async () => {
  const problem = 'is not set up here (npm run setup -- --tensorflow)';
  expect(tensorflowUnavailable('/nowhere')).toBe(problem);
  const empty = new Float32Array(0);
  const setup = {
    topology: '',
    layout: [],
    parameters: empty,
    state: empty,
    shape: { features: 1, outputs: 1 },
    loss: 'mean-squared-error' as const,
    normalization: { scale: 1, shift: 0 },
    seed: 0,
    threads: 1,
    tensorflowDir: '/nowhere',
  };
  await expect(createTensorflowReplica(setup)).rejects.toMatchObject({
    code: 'engine-unavailable',
    message: `engine tensorflow ${problem}`,
  });
});

describeTensorflow('the tensorflow replica', () => {
  replicaContract({ engine: 'tensorflow', tensorflowDir });

  const l = tf.layers;
  const where = { engine: 'tensorflow', tensorflowDir } as const;

  async function gradientOf(replica: Replica, batch: Parameters<Replica['gradient']>[0]) {
    const scores = await replica.gradient(batch);
    replica.dispose();
    return { scores, gradients: replica.gradients };
  }

  it('is what auto takes for a model that native does not know', async () => {
    const softsign = tf.sequential({ layers: [l.dense({ units: 2, inputShape: [2], activation: 'softsign' })] });
    const replica = await createReplica({ model: softsign, tensorflowDir });
    expect(replica.engine).toMatch(
      /^tensorflow(-gpu)?-eager \(layer .* activation softsign is not written as a graph\)$/,
    );
    replica.dispose();
  });

  it('runs a model with a layer that is no graph op by op, and says which', async () => {
    const model = tf.sequential({
      layers: [
        l.gru({ units: 3, inputShape: [4, 2], name: 'gru' }),
        l.batchNormalization(),
        l.dense({ units: 2, activation: 'softmax' }),
      ],
    });
    const batch = { inputs: noise(40, 1), targets: Uint16Array.of(0, 1, 1, 0, 1), size: 5 };
    const eager = await createReplica({ model, ...where });
    expect(eager.engine).toMatch(/^tensorflow(-gpu)?-eager \(layer gru \(GRU\): not written as a graph\)$/);
    const got = await gradientOf(eager, batch);
    const expected = await gradientOf(await createReplica({ model, engine: 'tfjs' }), batch);
    expect(got.scores.loss).toBeCloseTo(expected.scores.loss, 5);
    expect(relativeError(got.gradients, expected.gradients)).toBeLessThan(1e-4);
  });

  it('starts again and again in one process, and two at a time', async () => {
    const model = modelToJson(createModel('mlp', { seed: 1, inputShape: [2, 2, 1] }));
    for (let round = 0; round < 3; round++) {
      const two = await Promise.all([1, 2].map(() => createReplica({ model, ...where })));
      const batch = { inputs: new Float32Array(4), targets: Uint16Array.of(1), size: 1 };
      const losses = await Promise.all(two.map(async (replica) => (await replica.gradient(batch)).loss));
      expect(losses[0]).toBe(losses[1]);
      for (const replica of two) replica.dispose();
    }
  });
});
