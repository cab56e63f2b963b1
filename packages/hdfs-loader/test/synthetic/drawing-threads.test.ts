import sharp from 'sharp';
import { expect, it, onTestFinished } from 'vitest';
import { DrawingThreads } from '../../src/synthetic/drawing-threads.js';
import { readGarments } from '../../src/synthetic/garments.js';
import { planPictures } from '../../src/synthetic/plan.js';
import { madeUpGarments } from '../made-up-garments.js';

const garments = await readGarments(madeUpGarments());
const started = (count: number): DrawingThreads => {
  const threads = new DrawingThreads({ garments, seed: 1 }, count);
  onTestFinished(() => threads.close());
  return threads;
};

it('draws the same JPEGs with any number of threads, in any order', async () => {
  const plan = planPictures(92, 1).slice(0, 12);
  const [one, three] = [started(1), started(3)];
  const first = await Promise.all(plan.map((picture) => one.draw(picture)));
  const second = await Promise.all(plan.toReversed().map((picture) => three.draw(picture)));
  expect(second.toReversed()).toEqual(first);
  expect(first.map(({ picture }) => picture)).toEqual(plan.map(({ picture }) => picture));
  const { format, width, height, channels } = await sharp(first[0]!.jpeg).metadata();
  expect({ format, width, height, channels }).toEqual({ format: 'jpeg', width: 128, height: 128, channels: 3 });
});

it('rejects what is waiting when it is closed, and when a thread ends', async () => {
  const [planned] = planPictures(92, 1);
  const closed = started(1);
  const waiting = closed.draw(planned!);
  const refused = expect(waiting).rejects.toMatchObject({ code: 'IO', message: 'drawing thread: closed' });
  await closed.close();
  await refused;
  await expect(closed.draw(planned!)).rejects.toThrow('closed');
  const broken = started(1);
  // No such category: what the thread throws is told to all who wait.
  await expect(broken.draw({ ...planned!, category: 99 })).rejects.toMatchObject({
    code: 'IO',
    message: expect.stringMatching(/^drawing thread: /),
  });
});
