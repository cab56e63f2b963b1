import { expect, it } from 'vitest';
import { loadSharp } from '../../src/images/sharp.js';

it('loadSharp loads once, one thread an image, nothing kept', async () => {
  const sharp = await loadSharp();
  expect(await loadSharp()).toBe(sharp);
  expect(sharp.concurrency()).toBe(1);
  expect(sharp.cache().memory.max).toBe(0);
});
