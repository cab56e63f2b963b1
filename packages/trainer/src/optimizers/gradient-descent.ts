import { momentumStep, sgdStep } from '@weft/native';
import { type Optimizer, slot, slots } from './optimizer.js';

/** x ← x − η g */
export const sgd: Optimizer = {
  name: 'sgd',
  learningRate: 0.01,
  init: (n) => slots(n, 0),
  step: (_state, x, g, lr) => sgdStep(x, g, lr),
};

/** v ← μ v − η g; x ← x + v; μ = 0.9 */
export const momentum: Optimizer = {
  name: 'momentum',
  learningRate: 0.01,
  init: (n) => slots(n, 1),
  step: (state, x, g, lr) => momentumStep(x, g, slot(state, 0), { lr, momentum: 0.9, nesterov: false }),
};

/** v ← μ v − η g; x ← x + μ v − η g; μ = 0.9 */
export const nesterov: Optimizer = {
  name: 'nesterov',
  learningRate: 0.01,
  init: (n) => slots(n, 1),
  step: (state, x, g, lr) => momentumStep(x, g, slot(state, 0), { lr, momentum: 0.9, nesterov: true }),
};
