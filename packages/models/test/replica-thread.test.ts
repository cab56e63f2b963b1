import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';

it('answers each request by its number, and turns what is thrown into an answer', async () => {
  const thread = new URL('../dist/replica-thread.js', import.meta.url).href;
  const errors = new URL('../dist/errors.js', import.meta.url).href;
  const code = `
    import { serveReplica } from ${JSON.stringify(thread)};
    import { ModelError } from ${JSON.stringify(errors)};
    serveReplica({
      gradient: ({ size }) => ({ loss: 1, correct: 0, size }),
      evaluate: () => { throw new ModelError('not-finite', 'no'); },
      predict: (_, out) => { if (out.length === 0) throw new Error('odd\\nlines'); out.fill(2); },
    }, 'made up');`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const reply = async () => ((await once(worker, 'message')) as [unknown])[0];
  const ask = (request: object) => {
    worker.postMessage(request);
    return reply();
  };
  expect(await reply()).toEqual({ ready: 'made up' });
  expect(await ask({ id: 3, kind: 'gradient', batch: { size: 5 } })).toEqual({
    id: 3,
    scores: { loss: 1, correct: 0, size: 5 },
  });
  expect(await ask({ id: 4, kind: 'evaluate', batch: {} })).toEqual({
    id: 4,
    error: { code: 'not-finite', message: 'no' },
  });
  const out = new Float32Array(new SharedArrayBuffer(4));
  expect(await ask({ id: 5, kind: 'predict', batch: {}, out })).toEqual({ id: 5, scores: null });
  expect([...out]).toEqual([2]);
  expect(await ask({ id: 6, kind: 'predict', batch: {}, out: new Float32Array(0) })).toEqual({
    id: 6,
    error: { code: 'worker-failed', message: 'odd' },
  });
  await worker.terminate();
});
