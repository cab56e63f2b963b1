import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it, vi } from 'vitest';
import { modelToJson } from '../src/index.js';
import { tf } from '../src/tf.js';

vi.setConfig({ testTimeout: 60_000 });

it('the worker says that it is ready, answers by number, and turns errors into answers', async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, activation: 'softmax', inputShape: [2] })] });
  const shared = (length: number) => new Float32Array(new SharedArrayBuffer(4 * length));
  const workerData = {
    topology: modelToJson(model),
    loss: 'categorical-crossentropy',
    normalization: { scale: 1, shift: 0 },
    seed: 0,
    parameters: shared(6),
    gradients: shared(6),
    state: shared(0),
  };
  const worker = new Worker(new URL('../dist/tfjs-worker.js', import.meta.url), { workerData, execArgv: [] });
  const reply = async () => ((await once(worker, 'message')) as [unknown])[0];
  expect(await reply()).toEqual({ ready: 'tfjs-wasm' });
  const batch = { inputs: Float32Array.of(1, 0), targets: Uint16Array.of(1), size: 1 };
  worker.postMessage({ id: 7, kind: 'gradient', batch });
  expect(await reply()).toEqual({ id: 7, scores: { loss: expect.closeTo(Math.log(2), 6), correct: 0, size: 1 } });
  expect(workerData.gradients[4]).toBeCloseTo(0.5, 6);
  const out = shared(2);
  worker.postMessage({ id: 8, kind: 'predict', batch, out });
  expect(await reply()).toEqual({ id: 8, scores: null });
  expect([...out]).toEqual([0.5, 0.5]);
  worker.postMessage({ id: 9, kind: 'evaluate', batch: { ...batch, inputs: Float32Array.of(Number.NaN, 0) } });
  expect(await reply()).toMatchObject({ id: 9, error: { code: 'not-finite' } });
  await worker.terminate();
});
