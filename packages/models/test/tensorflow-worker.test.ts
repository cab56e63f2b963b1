import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

it('the worker ends with an error that says what does not load', async () => {
  const location = { name: '@tensorflow/tfjs-node', root: '/nowhere', addon: '/nowhere/lib/napi-v8/tfjs_binding.node' };
  const worker = new Worker(new URL('../dist/tensorflow-worker.js', import.meta.url), {
    workerData: { location, threads: 1 },
    execArgv: [],
  });
  const [error] = (await once(worker, 'error')) as [Error & { code?: string }];
  expect(error.code).toBe('engine-unavailable');
  expect(error.message).toMatch(/^engine tensorflow: @tensorflow\/tfjs-node in \/nowhere does not load: /);
});
