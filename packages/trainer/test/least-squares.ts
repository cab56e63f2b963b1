/** A linear model y = w·a + b with the mean squared error: its gradient is exact, its solution is known. */
import type { Batch, Replica, Scores } from '@weft/models';
import type { BatchSource, SampleRange } from '../src/batch-source.js';

/** Numbers in [−1, 1), the same for the same seed (the Lehmer generator modulo 2³¹ − 1). */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 0x7fffffff;
    return (2 * state) / 0x7fffffff - 1;
  };
}

export class LeastSquares {
  readonly features: number;
  readonly samples: number;
  /** The weights that the targets were made with, the offset b last. */
  readonly solution: Float32Array;
  /** The ranges that were read for training, in order. */
  readonly read: SampleRange[] = [];
  readonly batches: BatchSource;
  readonly #inputs: Float32Array;
  readonly #targets: Float32Array;

  constructor(o: { features: number; samples: number; seed: number }) {
    this.features = o.features;
    this.samples = o.samples;
    const random = uniform(o.seed);
    this.solution = Float32Array.from({ length: o.features + 1 }, random);
    this.#inputs = Float32Array.from({ length: o.samples * o.features }, random);
    this.#targets = Float32Array.from({ length: o.samples }, (_, i) => this.#output(this.solution, this.#inputs, i));
    this.batches = {
      train: async (range) => {
        this.read.push(range);
        return this.#batch(range.start, range.end);
      },
      test: async (start, end) => this.#batch(start, end),
    };
  }

  /** A model with all parameters 0. */
  replica(): Replica {
    const n = this.features;
    const parameters = new Float32Array(n + 1);
    const gradients = new Float32Array(n + 1);
    // An output within 0.05 of its target counts as correct.
    const score = (batch: Batch, each: (sample: number, error: number) => void): Scores => {
      let loss = 0;
      let correct = 0;
      for (let i = 0; i < batch.size; i++) {
        const error = this.#output(parameters, batch.inputs, i) - batch.targets[i]!;
        loss += (error * error) / batch.size;
        if (Math.abs(error) < 0.05) correct += 1;
        each(i, error);
      }
      return { loss, correct, size: batch.size };
    };
    return {
      engine: 'least-squares',
      layout: [{ name: 'w', shape: [n + 1], offset: 0, length: n + 1 }],
      parameters,
      gradients,
      state: new Float32Array(0),
      // ∂/∂w of mean (w·a + b − y)²
      gradient: async (batch) => {
        gradients.fill(0);
        return score(batch, (i, error) => {
          for (let k = 0; k < n; k++) gradients[k]! += (2 * error * batch.inputs[i * n + k]!) / batch.size;
          gradients[n]! += (2 * error) / batch.size;
        });
      },
      evaluate: async (batch) => score(batch, () => {}),
      predict: async (batch) =>
        Float32Array.from({ length: batch.size }, (_, i) => this.#output(parameters, batch.inputs, i)),
      dispose: () => {},
    };
  }

  #output(w: Float32Array, inputs: ArrayLike<number>, sample: number): number {
    const n = this.features;
    let sum = w[n]!;
    for (let k = 0; k < n; k++) sum += w[k]! * inputs[sample * n + k]!;
    return Math.fround(sum);
  }

  #batch(start: number, end: number): Batch {
    const n = this.features;
    return {
      inputs: this.#inputs.subarray(start * n, end * n),
      targets: this.#targets.subarray(start, end),
      size: end - start,
    };
  }
}
