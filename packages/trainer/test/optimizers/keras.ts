/** The values of Keras 3 that fixtures/optimizers.py stored. */
import { readFileSync } from 'node:fs';
import type { Optimizer } from '../../src/optimizers/optimizer.js';

interface Fixture {
  readonly start: number[];
  readonly curvature: number[];
  readonly minimum: number[];
  readonly optimizers: Record<string, { learningRate: number; parameters: number[][] }>;
}

const fixture = JSON.parse(readFileSync(new URL('../fixtures/optimizers.json', import.meta.url), 'utf8')) as Fixture;

/** What Keras's optimizer of this name has as learning rate and as parameters after each step. */
export function kerasOf(name: string): { learningRate: number; parameters: number[][] } {
  return fixture.optimizers[name]!;
}

/** The same steps by an optimizer of ours. */
export function stepsOf(optimizer: Optimizer): number[][] {
  const x = Float32Array.from(fixture.start);
  const g = new Float32Array(x.length);
  const state = optimizer.init(x.length);
  return kerasOf(optimizer.name).parameters.map(() => {
    for (let i = 0; i < x.length; i++) g[i] = fixture.curvature[i]! * Math.fround(x[i]! - fixture.minimum[i]!);
    optimizer.step(state, x, g, optimizer.learningRate);
    return [...x];
  });
}

/** The largest |ours − Keras's| over all steps and parameters. */
export function largestDifference(ours: readonly number[][], keras: readonly number[][]): number {
  return Math.max(...keras.flatMap((row, step) => row.map((value, i) => Math.abs(value - ours[step]![i]!))));
}
