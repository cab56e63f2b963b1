/**
 * Optimizer steps in one pass over memory each. x: parameters, g: gradient, the rest: the optimizer's own vectors.
 * All are updated in place. The formulas are Keras 3's, ε where Keras puts it.
 */
import { sameLength, type Vector } from './vector.js';

/** x ← x − η g */
export function sgdStep(x: Vector, g: Vector, lr: number): void {
  const n = sameLength('sgdStep', x, g);
  for (let i = 0; i < n; i++) x[i]! -= lr * g[i]!;
}

/** v ← μ v − η g; x ← x + v, or with Nesterov x ← x + μ v − η g */
export function momentumStep(
  x: Vector,
  g: Vector,
  v: Vector,
  o: { lr: number; momentum: number; nesterov: boolean },
): void {
  const { lr, momentum, nesterov } = o;
  const n = sameLength('momentumStep', x, g, v);
  for (let i = 0; i < n; i++) {
    const move = lr * g[i]!;
    const vi = momentum * v[i]! - move;
    v[i] = vi;
    x[i]! += nesterov ? momentum * vi - move : vi;
  }
}

/** a ← a + g²; x ← x − η g / √(a + ε) */
export function adagradStep(x: Vector, g: Vector, a: Vector, o: { lr: number; epsilon: number }): void {
  const { lr, epsilon } = o;
  const n = sameLength('adagradStep', x, g, a);
  for (let i = 0; i < n; i++) {
    const gi = g[i]!;
    const ai = a[i]! + gi * gi;
    a[i] = ai;
    x[i]! -= (lr * gi) / Math.sqrt(ai + epsilon);
  }
}

/** v ← ρ v + (1 − ρ) g²; x ← x − η g / √(v + ε) */
export function rmspropStep(x: Vector, g: Vector, v: Vector, o: { lr: number; rho: number; epsilon: number }): void {
  const { lr, rho, epsilon } = o;
  const n = sameLength('rmspropStep', x, g, v);
  for (let i = 0; i < n; i++) {
    const gi = g[i]!;
    const vi = rho * v[i]! + (1 - rho) * gi * gi;
    v[i] = vi;
    x[i]! -= (lr * gi) / Math.sqrt(vi + epsilon);
  }
}

/**
 * Adam, and AdamW where weightDecay > 0.
 *
 * x ← x − η w x (AdamW); m ← m + (1 − β₁)(g − m); v ← v + (1 − β₂)(g² − v); x ← x − α m / (√v + ε),
 * with α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ) and t counted from 1.
 */
export function adamStep(
  x: Vector,
  g: Vector,
  moments: { m: Vector; v: Vector },
  o: { lr: number; beta1: number; beta2: number; epsilon: number; weightDecay: number; step: number },
): void {
  const { m, v } = moments;
  const { lr, beta1, beta2, epsilon } = o;
  const alpha = (lr * Math.sqrt(1 - beta2 ** o.step)) / (1 - beta1 ** o.step);
  const keep = 1 - lr * o.weightDecay;
  const n = sameLength('adamStep', x, g, m, v);
  for (let i = 0; i < n; i++) {
    const gi = g[i]!;
    const mi = m[i]! + (gi - m[i]!) * (1 - beta1);
    const vi = v[i]! + (gi * gi - v[i]!) * (1 - beta2);
    m[i] = mi;
    v[i] = vi;
    x[i] = keep * x[i]! - (alpha * mi) / (Math.sqrt(vi) + epsilon);
  }
}
