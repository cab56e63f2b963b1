import { expect, it } from 'vitest';
import { valuesOf } from '../src/heap-view.js';
import { tf } from '../src/tf.js';
import { useFastestBackend } from '../src/tfjs-backend.js';

it('valuesOf reads a tensor of cpu and of wasm, there without a copy', async () => {
  await tf.setBackend('cpu');
  expect([...valuesOf(tf.tensor1d([1, 2]))]).toEqual([1, 2]);
  await useFastestBackend();
  const x = tf.tensor1d([3, 4]);
  expect([...valuesOf(x)]).toEqual([3, 4]);
  expect(valuesOf(x).buffer).toBe(valuesOf(x).buffer);
  expect(x.dataSync().buffer).not.toBe(valuesOf(x).buffer);
});
