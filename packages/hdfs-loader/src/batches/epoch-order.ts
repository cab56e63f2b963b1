import { LoaderError } from '../errors.js';
import { keyedStream, uniformBelow } from './xoshiro.js';

/**
 * The order in which an epoch visits its samples: a uniform permutation of 0 … count − 1, a pure function of its
 * arguments, so every process computes the same one and none needs to be sent.
 *
 * @param count samples, below 2^32
 * @param options seed of the run and number of the epoch, integers from 0; and the group, where the epoch is cut into such
 * @throws LoaderError INVALID_ARGUMENT
 * @example const order = epochOrder(60_000, { seed: 1, epoch: 0 }); gather(samples, order, { start: 0, end: 32 }, into);
 */
export function epochOrder(count: number, options: { seed: number; epoch: number; group?: number }): Uint32Array {
  const { seed, epoch, group = 0 } = options;
  // The first group is keyed as an epoch of one group.
  return permutation(count, group === 0 ? [seed, epoch] : [seed, epoch, group]);
}

/**
 * A uniform permutation of 0 … count − 1.
 *
 *   for i = count − 1 … 1:  swap(i, uniform of 0 … i)                     (Fisher–Yates; Durstenfeld 1964)
 *
 * @param keys of its random stream
 * @throws LoaderError INVALID_ARGUMENT
 */
export function permutation(count: number, keys: readonly number[]): Uint32Array {
  if (!Number.isSafeInteger(count) || count < 0 || count >= 2 ** 32) {
    throw new LoaderError('INVALID_ARGUMENT', `expected a count of 0 to 2^32 − 1, got ${count}`);
  }
  const next = keyedStream(keys);
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  for (let i = count - 1; i > 0; i--) {
    const j = uniformBelow(i + 1, next);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}
