/** Weights of a LayersModel as flat float32 vectors, and back. */
import type { Vector } from '@weft/native';
import { ModelError } from './errors.js';
import type { WeightRange } from './replica.js';
import { tf } from './tf.js';

/** A weight of a layer; tfjs does not export the type. */
export type LayerWeight = tf.LayersModel['trainableWeights'][number];

/**
 * Where each trainable weight lies in the flat vectors, in LayersModel order. Names are the topology's: tfjs appends `_1` to
 * those of a second model of the same process, layouts do not.
 *
 * @example layoutOf(mlp)[0] // { name: 'dense_1/kernel', shape: [784, 1000], offset: 0, length: 784000 }
 */
export function layoutOf(model: tf.LayersModel): readonly WeightRange[] {
  return rangesOf(model.trainableWeights);
}

/** The same for the weights that are not trained: moving statistics, frozen layers. */
export function stateLayoutOf(model: tf.LayersModel): readonly WeightRange[] {
  return rangesOf(model.nonTrainableWeights);
}

/** Number of trainable parameters. */
export function parameterCount(model: tf.LayersModel): number {
  return count(model.trainableWeights);
}

/** Number of values that are not trained. */
export function stateCount(model: tf.LayersModel): number {
  return count(model.nonTrainableWeights);
}

/**
 * Copies the trainable weights into a vector.
 *
 * @param out where to; a new vector where absent
 * @throws ModelError `bad-argument` when out has another length
 */
export function getParameters(model: tf.LayersModel, out?: Vector): Vector {
  return read(model.trainableWeights, 'parameters', out);
}

/** Copies a vector into the trainable weights. @throws ModelError `bad-argument` when it has another length */
export function setParameters(model: tf.LayersModel, vector: Vector): void {
  write(model.trainableWeights, 'parameters', vector);
}

/** Copies the weights that are not trained into a vector; see {@link getParameters}. */
export function getState(model: tf.LayersModel, out?: Vector): Vector {
  return read(model.nonTrainableWeights, 'state', out);
}

/** Copies a vector into the weights that are not trained; see {@link setParameters}. */
export function setState(model: tf.LayersModel, vector: Vector): void {
  write(model.nonTrainableWeights, 'state', vector);
}

function rangesOf(weights: readonly LayerWeight[]): readonly WeightRange[] {
  let offset = 0;
  return weights.map((weight) => {
    const shape = weight.shape.map((n) => n ?? 0);
    const range = { name: weight.originalName, shape, offset, length: sizeOf(weight) };
    offset += range.length;
    return range;
  });
}

function sizeOf(weight: LayerWeight): number {
  return weight.shape.reduce<number>((n, dimension) => n * (dimension ?? 0), 1);
}

function count(weights: readonly LayerWeight[]): number {
  return weights.reduce((n, weight) => n + sizeOf(weight), 0);
}

function read(weights: readonly LayerWeight[], what: string, out: Vector = new Float32Array(count(weights))): Vector {
  checkLength(weights, what, out);
  let offset = 0;
  for (const weight of weights) {
    out.set(weight.read().dataSync() as Float32Array, offset);
    offset += sizeOf(weight);
  }
  return out;
}

function write(weights: readonly LayerWeight[], what: string, vector: Vector): void {
  checkLength(weights, what, vector);
  let offset = 0;
  tf.tidy(() => {
    for (const weight of weights) {
      const end = offset + sizeOf(weight);
      // slice, not subarray: the cpu backend keeps the array that it is given.
      assign(weight, vector.slice(offset, end));
      offset = end;
    }
  });
}

/** Puts values under a weight. Past LayerVariable.write, which would apply the layer's constraint. Call it in a tidy. */
export function assign(weight: LayerWeight, values: Vector): void {
  (weight.read() as tf.Variable).assign(tf.tensor(values as Float32Array, weight.shape as number[], 'float32'));
}

function checkLength(weights: readonly LayerWeight[], what: string, vector: Vector): void {
  const expected = count(weights);
  if (vector.length !== expected) {
    throw new ModelError('bad-argument', `${what}: a vector of ${expected} values expected, got ${vector.length}`);
  }
}
