/** tfjs's cpu backend, plainly used, as the reference for losses and gradients. */
import { getParameters, getState, modelFromJson, modelToJson, setParameters, setState } from '../src/index.js';
import { tf } from '../src/tf.js';

export interface Sample {
  inputs: Float32Array;
  targets: Float32Array;
  size: number;
}

/** Values in −1 … 1 that repeat from run to run. */
export function noise(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Random inputs and one-hot targets for a model. */
export function sampleFor(model: tf.LayersModel, size: number): Sample {
  const features = (model.inputs[0]!.shape.slice(1) as number[]).reduce((a, b) => a * b, 1);
  const outputs = model.outputs[0]!.shape[1] as number;
  const targets = new Float32Array(size * outputs);
  for (let i = 0; i < size; i++) targets[i * outputs + ((i * 5 + 1) % outputs)] = 1;
  return { inputs: noise(size * features, 99), targets, size };
}

/** Loss with the regularisers, and its gradient, by variableGrads on the cpu backend; probabilities, not logits. */
export class Oracle {
  readonly #model: tf.LayersModel;
  readonly #sample: Sample;
  readonly #loss: 'categorical' | 'squared';

  constructor(model: tf.LayersModel, sample: Sample, loss: 'categorical' | 'squared' = 'categorical') {
    this.#model = modelFromJson(modelToJson(model));
    setParameters(this.#model, getParameters(model));
    setState(this.#model, getState(model));
    this.#sample = sample;
    this.#loss = loss;
  }

  total(parameters: Float32Array): number {
    setParameters(this.#model, parameters);
    return tf.tidy(() => this.#forward().dataSync()[0]!);
  }

  gradient(parameters: Float32Array): Float32Array {
    setParameters(this.#model, parameters);
    const variables = this.#model.trainableWeights.map((w) => w.read() as tf.Variable);
    const { value, grads } = tf.variableGrads(() => this.#forward(), variables);
    value.dispose();
    return Float32Array.from(variables.flatMap((v) => Array.from(grads[v.name]!.dataSync())));
  }

  #forward(): tf.Scalar {
    const { inputs, targets, size } = this.#sample;
    const shape = [size, ...(this.#model.inputs[0]!.shape.slice(1) as number[])];
    const y = this.#model.apply(tf.tensor(inputs, shape), { training: true }) as tf.Tensor2D;
    const t = tf.tensor(targets, y.shape);
    const per =
      this.#loss === 'squared' ? tf.mean(tf.square(tf.sub(y, t)), 1) : tf.neg(tf.sum(tf.mul(t, tf.log(y)), 1));
    return this.#model.calculateLosses().reduce<tf.Scalar>((sum, l) => tf.add(sum, l), tf.mean(per) as tf.Scalar);
  }
}

/** g·v along eight directions v, and (f(x + εv) − f(x − εv)) / 2ε in its place. */
export function directionalDerivatives(
  oracle: Oracle,
  o: { parameters: Float32Array; gradients: Float32Array; epsilon: number },
): { exact: number[]; numeric: number[] } {
  const { parameters, gradients, epsilon } = o;
  const numeric: number[] = [];
  const exact: number[] = [];
  for (let k = 0; k < 8; k++) {
    const v = noise(parameters.length, 11 + k);
    const at = (sign: number) => oracle.total(parameters.map((x, i) => x + sign * epsilon * v[i]!));
    numeric.push((at(1) - at(-1)) / (2 * epsilon));
    exact.push(v.reduce((sum, vi, i) => sum + vi * gradients[i]!, 0));
  }
  return { exact, numeric };
}

/** ‖a − b‖ / ‖b‖ */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
