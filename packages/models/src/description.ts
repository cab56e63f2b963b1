/** What a model takes and gives. */
import { ModelError } from './errors.js';
import { type Head, headOf } from './head.js';
import { parameterCount } from './parameters.js';
import type { tf } from './tf.js';
import { modelToJson } from './topology.js';

/** Shapes are those of one sample. */
export interface ModelDescription {
  readonly inputShape: number[];
  readonly outputShape: number[];
  /** Elements of one input. */
  readonly features: number;
  /** Elements of one output. */
  readonly outputs: number;
  /** Trainable parameters. */
  readonly parameters: number;
  readonly head: Head;
}

/**
 * Shapes, sizes and head of a model.
 *
 * @throws ModelError `unsupported` for several inputs or outputs, `bad-model` when a dimension is not fixed
 * @example describeModel(createModel('mlp', { seed: 1 })).features // 784
 */
export function describeModel(model: tf.LayersModel): ModelDescription {
  const inputShape = sampleShape(model, 'input');
  const outputShape = sampleShape(model, 'output');
  const product = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
  return {
    inputShape,
    outputShape,
    features: product(inputShape),
    outputs: product(outputShape),
    parameters: parameterCount(model),
    head: headOf(modelToJson(model)),
  };
}

function sampleShape(model: tf.LayersModel, side: 'input' | 'output'): number[] {
  const tensors = side === 'input' ? model.inputs : model.outputs;
  if (tensors === undefined || tensors.length === 0) {
    throw new ModelError('bad-model', `model ${model.name}: an ${side} shape expected, the model is not built`);
  }
  const [tensor] = tensors;
  if (tensor === undefined || tensors.length !== 1) {
    throw new ModelError('unsupported', `model ${model.name}: one ${side} expected, got ${tensors.length}`);
  }
  return tensor.shape.slice(1).map((n) => {
    if (n !== null) return n;
    throw new ModelError(
      'bad-model',
      `model ${model.name}: a fixed ${side} shape expected, got [${tensor.shape.join(', ')}]`,
    );
  });
}
