import { describe, expect, it } from 'vitest';
import { adagradStep, adamStep, momentumStep, rmspropStep, sgdStep } from '../lib/step.js';

const f = (...values: number[]) => Float32Array.from(values);

describe('the steps, on values that float32 holds exactly', () => {
  it('sgd: x ← x − η g', () => {
    const x = f(1, -2);
    sgdStep(x, f(2, 1), 0.5);
    expect([...x]).toEqual([0, -2.5]);
  });

  it('momentum: v ← μ v − η g; x ← x + v', () => {
    const [x, v] = [f(1), f(0)];
    const o = { lr: 0.5, momentum: 0.5, nesterov: false };
    // v = −1; x = 0
    momentumStep(x, f(2), v, o);
    expect([x[0], v[0]]).toEqual([0, -1]);
    // v = −0.5 − 0.5; x = −1
    momentumStep(x, f(1), v, o);
    expect([x[0], v[0]]).toEqual([-1, -1]);
  });

  it('Nesterov: x ← x + μ v − η g', () => {
    const [x, v] = [f(1), f(0)];
    const o = { lr: 0.5, momentum: 0.5, nesterov: true };
    // v = −1; x = 1 − 0.5 − 1
    momentumStep(x, f(2), v, o);
    expect([x[0], v[0]]).toEqual([-0.5, -1]);
    // v = −0.5 − 0.5; x = −0.5 − 0.5 − 0.5
    momentumStep(x, f(1), v, o);
    expect([x[0], v[0]]).toEqual([-1.5, -1]);
  });

  it('Adagrad: a ← a + g²; x ← x − η g / √(a + ε)', () => {
    const [x, a] = [f(1), f(4)];
    // a = 13; 0.5 · 3 / √(13 + 3)
    adagradStep(x, f(3), a, { lr: 0.5, epsilon: 3 });
    expect([x[0], a[0]]).toEqual([0.625, 13]);
    // a = 13 + 9; 0.5 · −3 / √(22 + 3)
    adagradStep(x, f(-3), a, { lr: 0.5, epsilon: 3 });
    expect([x[0], a[0]]).toEqual([Math.fround(0.925), 22]);
  });

  it('RMSprop: v ← ρ v + (1 − ρ) g²; x ← x − η g / √(v + ε)', () => {
    const [x, v] = [f(1), f(2)];
    // v = 1 + 8; 1 · 4 / √(9 + 7)
    rmspropStep(x, f(4), v, { lr: 1, rho: 0.5, epsilon: 7 });
    expect([x[0], v[0]]).toEqual([0, 9]);
  });

  it('Adam: m and v move towards g and g², the first step is η g / (|g| + …)', () => {
    const [x, m, v] = [f(1), f(0), f(0)];
    const o = { lr: 0.5, beta1: 0.5, beta2: 0.75, epsilon: 1, weightDecay: 0 };
    // m = 1; v = 1; α = 0.5 √0.25 / 0.5 = 0.5; 0.5 · 1 / (1 + 1)
    adamStep(x, f(2), { m, v }, { ...o, step: 1 });
    expect([x[0], m[0], v[0]]).toEqual([0.75, 1, 1]);
    // m = 1 − 0.5; v = 1 − 0.25; α = 0.5 √(1 − 0.75²) / (1 − 0.25)
    adamStep(x, f(0), { m, v }, { ...o, step: 2 });
    expect([m[0], v[0]]).toEqual([0.5, 0.75]);
    const alpha = (0.5 * Math.sqrt(7 / 16)) / 0.75;
    expect(x[0]).toBe(Math.fround(0.75 - (alpha * 0.5) / (Math.sqrt(0.75) + 1)));
  });

  it('AdamW: x ← x − η w x before the step', () => {
    const x = f(2);
    const moments = { m: f(0), v: f(0) };
    adamStep(x, f(0), moments, { lr: 0.5, beta1: 0.5, beta2: 0.5, epsilon: 1, weightDecay: 0.5, step: 1 });
    expect(x[0]).toBe(1.5);
  });

  it('work on empty vectors', () => {
    const none = new Float32Array(0);
    sgdStep(none, none, 1);
    momentumStep(none, none, none, { lr: 1, momentum: 0, nesterov: false });
    adagradStep(none, none, none, { lr: 1, epsilon: 1 });
    rmspropStep(none, none, none, { lr: 1, rho: 0, epsilon: 1 });
    adamStep(none, none, { m: none, v: none }, { lr: 1, beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0, step: 1 });
  });
});
