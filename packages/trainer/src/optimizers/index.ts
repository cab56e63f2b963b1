import { TrainerError } from '../errors.js';
import { adagrad, adam, adamw, rmsprop } from './adaptive.js';
import { momentum, nesterov, sgd } from './gradient-descent.js';
import type { Optimizer } from './optimizer.js';

/** Every local optimizer by the name that the command line uses. */
export const OPTIMIZERS = { sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw } as const satisfies Record<
  string,
  Optimizer
>;

export type OptimizerName = keyof typeof OPTIMIZERS;

/**
 * The optimizer of a name.
 *
 * @throws {TrainerError} `unknown-optimizer` when there is none of that name
 * @example optimizer('adam').init(1000)
 */
export function optimizer(name: string): Optimizer {
  if (Object.hasOwn(OPTIMIZERS, name)) return OPTIMIZERS[name as OptimizerName];
  throw new TrainerError(
    'unknown-optimizer',
    `optimizer: one of ${Object.keys(OPTIMIZERS).join(', ')} expected, got "${name}"`,
  );
}
