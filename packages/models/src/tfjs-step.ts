/** Loss, gradient and outputs of a model by tfjs, in the thread that calls. */
import type { Vector } from '@weft/native';
import { targetRows } from './batch.js';
import { describeModel } from './description.js';
import { ModelError } from './errors.js';
import { type Head, withLogits } from './head.js';
import { valuesOf } from './heap-view.js';
import { applyHead, type LossName, lossPerSample } from './loss.js';
import { assign, type LayerWeight, layoutOf, stateLayoutOf } from './parameters.js';
import type { Batch, Scores, WeightRange } from './replica.js';
import { countCorrect } from './scores.js';
import { mixSeed } from './seed.js';
import { tf } from './tf.js';
import { modelFromJson } from './topology.js';

/** uint8 inputs become x ← scale · x + shift. */
export interface Normalization {
  readonly scale: number;
  readonly shift: number;
}

/** What a step works on. The vectors are read and written in place. */
export interface TfjsStepOptions {
  /** Topology JSON. */
  readonly topology: string;
  readonly loss: LossName;
  readonly normalization: Normalization;
  /** Of Dropout. */
  readonly seed: number;
  readonly parameters: Vector;
  readonly gradients: Vector;
  readonly state: Vector;
}

/** One model, its vectors, and what is computed with them on the backend of this thread. */
export class TfjsStep {
  readonly #o: TfjsStepOptions;
  readonly #model: tf.LayersModel;
  readonly #head: Head;
  readonly #inputShape: number[];
  readonly #outputs: number;
  readonly #layout: readonly WeightRange[];
  readonly #stateLayout: readonly WeightRange[];
  readonly #dropouts: { seed?: number }[];
  #steps = 0;

  constructor(o: TfjsStepOptions) {
    this.#o = o;
    const { json, head } = withLogits(o.topology);
    const model = modelFromJson(json);
    const { inputShape, outputs } = describeModel(model);
    this.#model = model;
    this.#head = head;
    this.#inputShape = inputShape;
    this.#outputs = outputs;
    this.#layout = layoutOf(model);
    this.#stateLayout = stateLayoutOf(model);
    this.#dropouts = dropoutsOf(model);
  }

  /**
   * Mean gradient over the batch into `gradients`: of (1/size) Σ_i w_i loss_i + Σ regularisers. `state` is read, and holds the
   * new moving statistics afterwards.
   *
   * @throws ModelError `not-finite`, with `gradients` and `state` as they were
   */
  gradient(batch: Batch): Scores {
    const { gradients, state, seed } = this.#o;
    const model = this.#model;
    const step = ++this.#steps;
    // A seed of its own for each step and layer: tfjs draws the same mask again for the same seed.
    const stepSeed = mixSeed(seed, step);
    this.#dropouts.forEach((layer, i) => {
      layer.seed = mixSeed(stepSeed, i);
    });
    return inScope(() => {
      this.#load();
      const inputs = this.#inputs(batch);
      const rows = targetRows(batch, this.#outputs);
      const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
      let forward: Forward | undefined;
      const { grads } = tf.variableGrads(() => {
        forward = this.#forward(inputs, batch, rows, true);
        return model.calculateLosses().reduce<tf.Scalar>((sum, penalty) => tf.add(sum, penalty), forward.loss);
      }, variables);
      const scores = this.#scores(forward as Forward, rows, `step ${step}`);
      this.#layout.forEach((range, i) => {
        store(grads[(variables[i] as tf.Variable).name], range, gradients);
      });
      this.#stateLayout.forEach((range, i) => {
        store(model.nonTrainableWeights[i]?.read(), range, state);
      });
      return scores;
    });
  }

  /** Loss and number of correct predictions, in inference mode. @throws ModelError `not-finite` */
  evaluate(batch: Batch): Scores {
    return inScope(() => {
      this.#load();
      const rows = targetRows(batch, this.#outputs);
      const forward = this.#forward(this.#inputs(batch), batch, rows, false);
      return this.#scores(forward, rows, 'evaluation');
    });
  }

  /** Outputs in inference mode, size × outputs, into `out`. */
  predict(batch: Pick<Batch, 'inputs' | 'size'>, out: Vector): void {
    tf.tidy(() => {
      this.#load();
      const logits = this.#logits(this.#inputs(batch), batch.size, false);
      out.set(applyHead(logits, this.#head).dataSync());
    });
  }

  /** Frees the weights. */
  dispose(): void {
    this.#model.dispose();
  }

  #load(): void {
    const { parameters, state } = this.#o;
    const { trainableWeights, nonTrainableWeights } = this.#model;
    load(trainableWeights, this.#layout, parameters);
    load(nonTrainableWeights, this.#stateLayout, state);
  }

  #inputs({ inputs, size }: Pick<Batch, 'inputs' | 'size'>): tf.Tensor {
    const { scale, shift } = this.#o.normalization;
    let values = inputs as Float32Array;
    if (inputs instanceof Uint8Array) {
      values = new Float32Array(inputs.length);
      for (let i = 0; i < inputs.length; i++) values[i] = scale * inputs[i]! + shift;
    }
    return tf.tensor(values, [size, ...this.#inputShape], 'float32');
  }

  #logits(inputs: tf.Tensor, size: number, training: boolean): tf.Tensor2D {
    const outputs = this.#model.apply(inputs, { training }) as tf.Tensor;
    return tf.reshape(outputs, [size, this.#outputs]) as tf.Tensor2D;
  }

  #forward(inputs: tf.Tensor, batch: Batch, rows: Vector, training: boolean): Forward {
    const targets = tf.tensor2d(rows as Float32Array, [batch.size, this.#outputs]);
    const logits = this.#logits(inputs, batch.size, training);
    let losses = lossPerSample(this.#o.loss, this.#head, logits, targets);
    if (batch.weights !== undefined) losses = tf.mul(losses, tf.tensor1d(batch.weights));
    // Values are read while they live: the gradient's own tidy frees them.
    const loss = tf.mean(losses) as tf.Scalar;
    return { loss, value: loss.dataSync()[0]!, logits: logits.dataSync() as Vector };
  }

  #scores({ value, logits }: Forward, rows: Vector, where: string): Scores {
    if (!Number.isFinite(value)) {
      throw new ModelError(
        'not-finite',
        `${where}: a finite loss expected, got ${value}; lower the learning rate, or look at the inputs`,
      );
    }
    const correct = countCorrect(logits, rows, { outputs: this.#outputs, head: this.#head });
    return { loss: value, correct, size: rows.length / this.#outputs };
  }
}

/** tf.tidy for any result. */
function inScope<T>(compute: () => T): T {
  let result: T | undefined;
  tf.tidy(() => {
    result = compute();
  });
  return result as T;
}

interface Forward {
  readonly loss: tf.Scalar;
  readonly value: number;
  readonly logits: Vector;
}

function load(weights: readonly LayerWeight[], layout: readonly WeightRange[], vector: Vector): void {
  layout.forEach(({ offset, length }, i) => {
    assign(weights[i] as LayerWeight, vector.subarray(offset, offset + length));
  });
}

/** A weight that the output does not depend on has no gradient: zeros. */
function store(tensor: tf.Tensor | null | undefined, { offset, length }: WeightRange, vector: Vector): void {
  if (tensor === null || tensor === undefined) vector.fill(0, offset, offset + length);
  else vector.set(valuesOf(tensor), offset);
}

/** Layers that draw a mask from their seed. (GaussianNoise, GaussianDropout and AlphaDropout draw unseeded in tfjs.) */
function dropoutsOf(model: tf.LayersModel): { seed?: number }[] {
  return model.layers.flatMap((layer) => {
    if (layer instanceof tf.LayersModel) return dropoutsOf(layer);
    return /^(Spatial)?Dropout/.test(layer.getClassName()) ? [layer as unknown as { seed?: number }] : [];
  });
}
