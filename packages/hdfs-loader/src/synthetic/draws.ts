import { keyedStream, type Uint32Stream, uniformBelow } from '../batches/xoshiro.js';

/** Random draws, always the same for the same keys. */
export interface Draws {
  /** Uniform from a to below b. */
  between(a: number, b: number): number;
  /** One of a list. */
  pick<T>(items: ArrayLike<T>): T;
  /** True in that share of draws. */
  chance(share: number): boolean;
  readonly next: Uint32Stream;
}

/** @param keys as of keyedStream */
export function drawsOf(keys: readonly number[]): Draws {
  const next = keyedStream(keys);
  const between = (a: number, b: number): number => a + ((b - a) * next()) / 2 ** 32;
  return {
    next,
    between,
    pick: (items) => items[uniformBelow(items.length, next)]!,
    chance: (share) => between(0, 1) < share,
  };
}
