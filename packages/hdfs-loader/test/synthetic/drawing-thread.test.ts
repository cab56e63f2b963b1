import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import type { Drawn } from '../../src/synthetic/drawing-threads.js';
import { readGarments } from '../../src/synthetic/garments.js';
import { planPictures } from '../../src/synthetic/plan.js';
import { madeUpGarments } from '../made-up-garments.js';

it('answers a planned picture with its JPEG and box', async () => {
  const workerData = { garments: await readGarments(madeUpGarments()), seed: 1 };
  const worker = new Worker(new URL('../../dist/synthetic/drawing-thread.js', import.meta.url), { workerData });
  onTestFinished(() => worker.terminate().then(() => {}));
  worker.postMessage(planPictures(92, 1)[7]!);
  const [drawn] = (await once(worker, 'message')) as [Drawn];
  expect(drawn.picture).toBe(7);
  expect([...drawn.jpeg.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
  expect(drawn.box).toHaveLength(4);
});
