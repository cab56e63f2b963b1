import { addon } from '@weft/native';
import { describe, expect, it } from 'vitest';
import { describeModel } from '../src/description.js';
import type { ReplicaSetup } from '../src/engine-slot.js';
import { createModel, type ModelName } from '../src/model.js';
import { createNativeReplica, nativeUnavailable } from '../src/native-replica.js';
import { getParameters, getState, layoutOf } from '../src/parameters.js';
import type { Batch } from '../src/replica.js';
import { tf } from '../src/tf.js';
import { TfjsStep } from '../src/tfjs-step.js';
import { modelToJson } from '../src/topology.js';
import { uniform } from './native-oracle.js';

/** ‖a − b‖ / ‖b‖ */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [error, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    error += (a[i]! - b[i]!) ** 2;
    size += b[i]! ** 2;
  }
  return Math.sqrt(error / size);
}

function setupOf(model: tf.LayersModel): ReplicaSetup {
  return {
    topology: modelToJson(model),
    layout: layoutOf(model),
    parameters: getParameters(model),
    state: getState(model),
    shape: { features: describeModel(model).features, outputs: 10 },
    loss: 'categorical-crossentropy',
    normalization: { scale: 1 / 255, shift: 0 },
    seed: 0,
    threads: 1,
  };
}

function batch(size: number, seed: number, side = 28): Batch {
  const random = uniform(seed);
  const targets = Uint16Array.from({ length: size }, () => random() * 10);
  // Images with something to learn: each class is bright in rows of its own.
  const inputs = Uint8Array.from({ length: size * side * side }, (_, i) => {
    const row = Math.floor((i % side ** 2) / side);
    return random() * (Math.floor((row / side) * 10) === targets[Math.floor(i / side ** 2)] ? 255 : 120);
  });
  return { inputs, targets, size };
}

describe.runIf(addon().ok)('createNativeReplica', () => {
  for (const [name, size, side] of [
    ['mlp', 32, 28],
    ['cnn', 4, 12],
  ] as [ModelName, number, number][]) {
    it(`${name}: 20 steps of SGD follow tfjs to 1e-3`, async () => {
      await tf.setBackend('cpu');
      const model = createModel(name, { seed: 3, inputShape: [side, side, 1] });
      const setup = setupOf(model);
      model.dispose();
      const replica = await createNativeReplica(setup);
      const parameters = setup.parameters.slice();
      const gradients = new Float32Array(parameters.length);
      const tfjs = new TfjsStep({ ...setup, parameters, gradients, state: new Float32Array(0) });
      for (let i = 0; i < 20; i++) {
        const data = batch(size, i, side);
        const got = await replica.step(data, { kind: 'sgd', learningRate: 0.05 });
        const wanted = tfjs.gradient(data);
        for (let k = 0; k < parameters.length; k++) parameters[k]! -= 0.05 * gradients[k]!;
        expect(Math.abs(got.loss - wanted.loss) / wanted.loss).toBeLessThan(1e-3);
      }
      // By the norm: a maximum of a pool that falls to another pixel by rounding moves single weights by much more.
      expect(distance(replica.parameters, parameters)).toBeLessThan(1e-3);
      replica.dispose();
      tfjs.dispose();
    }, 120_000);
  }

  it('errors are those of the package', async () => {
    const model = createModel('mlp', { seed: 1 });
    const replica = await createNativeReplica(setupOf(model));
    model.dispose();
    expect(replica.engine).toMatch(/^native-/);
    await expect(replica.gradient({ ...batch(2, 1), size: 3 })).rejects.toMatchObject({
      name: 'ModelError',
      code: 'bad-batch',
    });
    replica.parameters.fill(Number.NaN);
    await expect(replica.gradient(batch(2, 1))).rejects.toThrow(
      'step 2: a finite loss expected, got NaN; lower the learning rate',
    );
    replica.dispose();
    await expect(replica.predict(batch(2, 1))).rejects.toMatchObject({ code: 'disposed' });
  });

  it('nativeUnavailable names the layer', () => {
    expect(nativeUnavailable()).toBeNull();
    const model = tf.sequential({
      layers: [tf.layers.zeroPadding2d({ name: 'pad', inputShape: [4, 4, 1] }), tf.layers.flatten()],
    });
    expect(nativeUnavailable(modelToJson(model))).toBe(
      'cannot run this model: layer pad: ZeroPadding2D is unknown to the native engine',
    );
  });
});
