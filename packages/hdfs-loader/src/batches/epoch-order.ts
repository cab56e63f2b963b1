import { LoaderError } from '../errors.js';
import { keyedStream, uniformBelow } from './xoshiro.js';

/**
 * The order in which an epoch visits its samples: a uniform permutation of 0 … count − 1, a pure function of its
 * arguments, so every process computes the same one and none needs to be sent.
 *
 *   for i = count − 1 … 1:  swap(i, uniform of 0 … i)                     (Fisher–Yates; Durstenfeld 1964)
 *
 * @param count samples, below 2^32
 * @param options seed of the run and number of the epoch, integers from 0
 * @throws LoaderError INVALID_ARGUMENT
 * @example const order = epochOrder(60_000, { seed: 1, epoch: 0 }); gather(samples, order, { start: 0, end: 32 }, into);
 */
export function epochOrder(count: number, options: { seed: number; epoch: number }): Uint32Array {
  if (!Number.isSafeInteger(count) || count < 0 || count >= 2 ** 32) {
    throw new LoaderError('INVALID_ARGUMENT', `expected a count of 0 to 2^32 − 1, got ${count}`);
  }
  const next = keyedStream([options.seed, options.epoch]);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = uniformBelow(i + 1, next);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}
