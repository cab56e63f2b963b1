import { expect, it } from 'vitest';
import { anyOf, crowdedController } from '../../src/storage/abort-signals.js';

it('is given when one of them is, with its reason', () => {
  const [first, second] = [crowdedController(), crowdedController()];
  const any = anyOf([first.signal, second.signal]);
  expect(any.aborted).toBe(false);
  const reason = new Error('enough');
  second.abort(reason);
  expect(any.reason).toBe(reason);
  expect(anyOf([first.signal, second.signal]).aborted).toBe(true);
});

it('takes any number of listeners without a warning', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  const { signal } = crowdedController();
  for (const each of [signal, anyOf([signal])]) for (let i = 0; i < 20; i++) each.addEventListener('abort', () => {});
  // Warnings come in the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});
