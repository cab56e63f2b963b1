/** The native engine beside tfjs's cpu backend, on the same model, weights and batch. */
import { Engine, type Vector } from '@weft/native';
import { expect } from 'vitest';
import { describeModel } from '../src/description.js';
import { chooseLoss, type LossName } from '../src/loss.js';
import { compilePlan } from '../src/native-plan.js';
import { getParameters, getState, layoutOf } from '../src/parameters.js';
import type { Batch } from '../src/replica.js';
import { tf } from '../src/tf.js';
import { TfjsStep } from '../src/tfjs-step.js';
import { modelToJson } from '../src/topology.js';

/** A sequence of values in [0, 1), the same every time (Lehmer's generator). */
export function uniform(seed: number): () => number {
  let x = (seed * 48271 + 12345) % 2147483647;
  return () => {
    x = (x * 48271) % 2147483647;
    return x / 2147483647;
  };
}

/** max |a − b| / max |b|: the error relative to the size of what is compared. */
function relativeError(a: Vector, b: Vector): number {
  expect(a.length).toBe(b.length);
  let [error, size] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    error = Math.max(error, Math.abs(a[i]! - b[i]!));
    size = Math.max(size, Math.abs(b[i]!));
  }
  return error / Math.max(size, 1e-6);
}

export interface Comparison {
  readonly loss?: LossName;
  readonly size?: number;
  readonly threads?: number;
  readonly rows?: boolean;
  readonly weights?: boolean;
  readonly bytes?: boolean;
}

/** Both engines on a model, whose weights are drawn anew, biases and statistics too. */
class Pair {
  readonly tfjs: TfjsStep;
  readonly engine: Engine;
  readonly parameters: Vector;
  readonly gradients: Vector;
  readonly state: Vector;
  readonly layout: ReturnType<typeof layoutOf>;
  readonly #description: ReturnType<typeof describeModel>;

  constructor(model: tf.LayersModel, o: Comparison = {}) {
    const random = uniform(7);
    this.#description = describeModel(model);
    const loss = chooseLoss(this.#description.head, o.loss);
    const setup = { loss, normalization: { scale: 1 / 200, shift: -0.5 }, seed: 3, threads: o.threads ?? 1 };
    const topology = modelToJson(model);
    this.layout = layoutOf(model);
    this.parameters = getParameters(model).map((v) => v + 0.2 * (random() - 0.4));
    this.gradients = new Float32Array(this.parameters.length);
    this.state = getState(model).map((v) => v + 0.3 * random());
    this.engine = new Engine(compilePlan(topology, setup));
    this.engine.parameters.set(this.parameters);
    this.engine.state.set(this.state);
    this.tfjs = new TfjsStep({
      topology,
      ...setup,
      parameters: this.parameters,
      gradients: this.gradients,
      state: this.state,
    });
    model.dispose();
  }

  batch(size: number, o: Comparison = {}, seed = 1): Batch {
    const { features, outputs } = this.#description;
    const random = uniform(seed);
    const inputs = o.bytes
      ? Uint8Array.from({ length: size * features }, () => random() * 256)
      : Float32Array.from({ length: size * features }, () => 2 * random() - 1);
    const targets = o.rows
      ? Float32Array.from({ length: size * outputs }, () => random())
      : Uint16Array.from({ length: size }, () => random() * Math.max(2, outputs));
    return {
      inputs,
      targets,
      size,
      ...(o.weights && { weights: Float32Array.from({ length: size }, () => 2 * random()) }),
    };
  }

  dispose(): void {
    this.engine.dispose();
    this.tfjs.dispose();
  }
}

/** Gradients, losses, outputs and state agree to 1e-4. */
export async function expectEqual(model: tf.LayersModel, o: Comparison = {}): Promise<void> {
  await tf.setBackend('cpu');
  const pair = new Pair(model, o);
  const { engine, tfjs } = pair;
  try {
    // A larger batch, then a smaller one: nothing of the first may be left.
    for (const size of [o.size ?? 5, 2]) {
      const batch = pair.batch(size, o);
      const expected = tfjs.gradient(batch);
      const scores = await engine.gradient(batch);
      expect(scores.loss).toBeCloseTo(expected.loss, 4);
      expect(scores.correct).toBe(expected.correct);
      for (const { name, offset, length } of pair.layout) {
        const [got, wanted] = [engine.gradients, pair.gradients].map((v) => v.subarray(offset, offset + length)) as [
          Vector,
          Vector,
        ];
        expect(relativeError(got, wanted), `gradient of ${name}, batch ${size}`).toBeLessThan(1e-4);
      }
      expect(relativeError(engine.state, pair.state)).toBeLessThan(1e-4);
      const evaluated = await engine.evaluate(batch);
      expect(evaluated.loss).toBeCloseTo(tfjs.evaluate(batch).loss, 4);
      const outputs = await engine.predict(batch);
      const wanted = new Float32Array(outputs.length);
      tfjs.predict(batch, wanted);
      expect(relativeError(outputs, wanted)).toBeLessThan(1e-4);
    }
  } finally {
    pair.dispose();
  }
}

/** Outputs agree with tfjs's, and the gradient with the slope of the engine's own loss: (L(x + h) − L(x − h)) / 2h. */
export async function expectSlopes(model: tf.LayersModel): Promise<void> {
  await tf.setBackend('cpu');
  const pair = new Pair(model);
  const { engine, tfjs } = pair;
  try {
    const batch = pair.batch(3);
    const outputs = await engine.predict(batch);
    const wanted = new Float32Array(outputs.length);
    tfjs.predict(batch, wanted);
    expect(relativeError(outputs, wanted)).toBeLessThan(1e-4);
    await engine.gradient(batch);
    const slopes = new Float32Array(engine.parameters.length);
    const h = 1 / 128;
    for (let i = 0; i < slopes.length; i++) {
      const x = engine.parameters[i]!;
      engine.parameters[i] = x + h;
      const above = await engine.evaluate(batch);
      engine.parameters[i] = x - h;
      slopes[i] = (above.loss - (await engine.evaluate(batch)).loss) / (2 * h);
      engine.parameters[i] = x;
    }
    // The slope's own error is of the order h².
    expect(relativeError(engine.gradients, slopes)).toBeLessThan(1e-3);
  } finally {
    pair.dispose();
  }
}
