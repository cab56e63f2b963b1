import type { Algorithm } from '../algorithm.js';
import { TrainerError } from '../errors.js';
import { adag } from './adag.js';
import { aeasgd } from './aeasgd.js';
import { downpour } from './downpour.js';
import { single } from './single.js';

/** Every trainer by the name that the command line uses. */
export const ALGORITHMS = { single, downpour, aeasgd, adag } as const satisfies Record<string, Algorithm>;

export type AlgorithmName = keyof typeof ALGORITHMS;

/**
 * The update rule of a name.
 *
 * @throws {TrainerError} `unknown-algorithm` when there is none of that name
 * @example algorithm('adag').defaults.window
 */
export function algorithm(name: string): Algorithm {
  if (Object.hasOwn(ALGORITHMS, name)) return ALGORITHMS[name as AlgorithmName];
  throw new TrainerError(
    'unknown-algorithm',
    `trainer: one of ${Object.keys(ALGORITHMS).join(', ')} expected, got "${name}"`,
  );
}
