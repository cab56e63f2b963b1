/** The contract of a local optimizer: pure functions on (state, parameters, gradient). */
import type { Vector } from '@weft/native';

/** What an optimizer remembers between two steps: how many there were, and vectors as long as the parameters. */
export interface OptimizerState {
  step: number;
  readonly slots: readonly Vector[];
}

/** A local optimizer. Formulas and defaults are those of Keras 3's optimizer of the same name. */
export interface Optimizer {
  readonly name: string;
  /** η when none is given. */
  readonly learningRate: number;
  /** Zeroed state for n parameters. */
  init(n: number): OptimizerState;
  /** One step: moves x along −g and updates the state, in place. */
  step(state: OptimizerState, x: Vector, g: Vector, learningRate: number): void;
}

/** State with this many vectors, each filled with one value. */
export function slots(n: number, count: number, fill = 0): OptimizerState {
  return { step: 0, slots: Array.from({ length: count }, () => new Float32Array(n).fill(fill)) };
}

/** The i-th vector of a state. */
export function slot(state: OptimizerState, i: number): Vector {
  const vector = state.slots[i];
  if (!vector) throw new RangeError(`optimizer state: vector ${i} expected, it has ${state.slots.length}`);
  return vector;
}
