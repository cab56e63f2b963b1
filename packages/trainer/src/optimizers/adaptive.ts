import { adagradStep, adamStep, rmspropStep } from '@weft/native';
import { type Optimizer, type OptimizerState, slot, slots } from './optimizer.js';

const EPSILON = 1e-7;

/** Duchi, Hazan, Singer 2011: a ← a + g²; x ← x − η g / √(a + ε), a from 0.1 */
export const adagrad: Optimizer = {
  name: 'adagrad',
  learningRate: 0.001,
  init: (n) => slots(n, 1, 0.1),
  step: (state, x, g, lr) => adagradStep(x, g, slot(state, 0), { lr, epsilon: EPSILON }),
};

/** Hinton 2012: v ← ρ v + (1 − ρ) g²; x ← x − η g / √(v + ε); ρ = 0.9 */
export const rmsprop: Optimizer = {
  name: 'rmsprop',
  learningRate: 0.001,
  init: (n) => slots(n, 1),
  step: (state, x, g, lr) => rmspropStep(x, g, slot(state, 0), { lr, rho: 0.9, epsilon: EPSILON }),
};

function adamWith(name: string, weightDecay: number): Optimizer {
  return {
    name,
    learningRate: 0.001,
    init: (n): OptimizerState => slots(n, 2),
    step: (state, x, g, lr) => {
      state.step += 1;
      const moments = { m: slot(state, 0), v: slot(state, 1) };
      adamStep(x, g, moments, { lr, beta1: 0.9, beta2: 0.999, epsilon: EPSILON, weightDecay, step: state.step });
    },
  };
}

/** Kingma, Ba 2015. */
export const adam: Optimizer = adamWith('adam', 0);

/** Loshchilov, Hutter 2019: Adam with decoupled weight decay of 0.004. */
export const adamw: Optimizer = adamWith('adamw', 0.004);
