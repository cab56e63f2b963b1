import { epochOrder } from '../batches/epoch-order.js';
import { LoaderError } from '../errors.js';
import type { SubsetName } from './source.js';

/** How a source without a split of its own is cut. */
export interface SplitOptions {
  /** Share of each class that becomes test samples, 0 to below 1. Default 0.1. */
  readonly testShare?: number | undefined;
  /** Of the cut and of the order. Default 1. */
  readonly seed?: number | undefined;
}

const DEFAULT_TEST_SHARE = 0.1;
const DEFAULT_SEED = 1;

/** The options with their defaults. @throws LoaderError INVALID_ARGUMENT */
export function splitOptions(options: SplitOptions): { testShare: number; seed: number } {
  const { testShare = DEFAULT_TEST_SHARE, seed = DEFAULT_SEED } = options;
  if (!(testShare >= 0 && testShare < 1)) {
    throw new LoaderError('INVALID_ARGUMENT', `testShare: expected a number from 0 to below 1, got ${testShare}`);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new LoaderError('INVALID_ARGUMENT', `seed: expected a whole number of at least 0, got ${seed}`);
  }
  return { testShare, seed };
}

/**
 * Cuts rows into training and test, class by class: of n rows of a class, round(testShare · n) are test rows, but never all.
 *
 * @param labels one a row
 * @returns row indexes of each subset, in a seeded shuffled order
 */
export function stratifiedSplit(
  labels: ArrayLike<number>,
  options: { testShare: number; seed: number },
): Record<SubsetName, Uint32Array> {
  const perClass = new Map<number, number>();
  for (let row = 0; row < labels.length; row++) perClass.set(labels[row]!, (perClass.get(labels[row]!) ?? 0) + 1);
  const testRows = new Map(
    [...perClass].map(([label, n]) => [label, Math.min(n - 1, Math.round(options.testShare * n))]),
  );
  const of: Record<SubsetName, number[]> = { train: [], test: [] };
  for (const row of epochOrder(labels.length, { seed: options.seed, epoch: 0 })) {
    const label = labels[row]!;
    const left = testRows.get(label)!;
    if (left > 0) testRows.set(label, left - 1);
    of[left > 0 ? 'test' : 'train'].push(row);
  }
  return { train: Uint32Array.from(of.train), test: Uint32Array.from(of.test) };
}

/** Items in a seeded shuffled order. */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
  return Array.from(epochOrder(items.length, { seed, epoch: 0 }), (i) => items[i]!);
}
