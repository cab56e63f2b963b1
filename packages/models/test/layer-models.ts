/** Small models, one for each layer. */
import { getParameters, layoutOf, setParameters } from '../src/index.js';
import { tf } from '../src/tf.js';
import { noise } from './oracle.js';

const l = tf.layers;

export const image = [6, 6, 2];

/** A model of one input, given layers, and a softmax over three classes. */
export function chain(inputShape: number[], ...layers: tf.layers.Layer[]): tf.LayersModel {
  const flatten = inputShape.length > 1 ? [l.flatten()] : [];
  return tf.sequential({
    layers: [l.inputLayer({ inputShape }), ...layers, ...flatten, l.dense({ units: 3, activation: 'softmax' })],
  });
}

function branches(): tf.LayersModel {
  const input = tf.input({ shape: image });
  const a = l
    .conv2d({ filters: 3, kernelSize: 3, padding: 'same', activation: 'tanh' })
    .apply(input) as tf.SymbolicTensor;
  const b = l.conv2d({ filters: 3, kernelSize: 1 }).apply(input) as tf.SymbolicTensor;
  const sum = l.add().apply([a, b]) as tf.SymbolicTensor;
  const both = l.concatenate().apply([sum, a]) as tf.SymbolicTensor;
  const flat = l.flatten().apply(both) as tf.SymbolicTensor;
  return tf.model({
    inputs: input,
    outputs: l.dense({ units: 3, activation: 'softmax' }).apply(flat) as tf.SymbolicTensor,
  });
}

export const conv = (o: object) => l.conv2d({ filters: 4, kernelSize: 3, activation: 'tanh', ...o });
const act = (activation: 'relu' | 'relu6' | 'elu' | 'sigmoid' | 'tanh' | 'softplus' | 'selu') =>
  l.dense({ units: 6, activation });

/** One model for each layer, and for some of its options, by what it is of. */
export const LAYER_MODELS: Record<string, () => tf.LayersModel> = {
  dense: () => chain([5]),
  'dense of every activation': () => chain([5], act('elu'), act('sigmoid'), act('tanh'), act('softplus'), act('selu')),
  relu: () => chain([5], act('relu'), act('relu6')),
  'conv2d valid': () => chain(image, conv({})),
  'conv2d same': () => chain(image, conv({ padding: 'same' }), conv({ padding: 'same', kernelSize: [2, 3] })),
  'conv2d strides': () =>
    chain([7, 8, 2], conv({ strides: 2, padding: 'same' }), conv({ strides: [2, 1], kernelSize: 2 })),
  'conv2d 1×1 with stride': () => chain(image, conv({ kernelSize: 1 }), conv({ kernelSize: 1, strides: 2 })),
  'max pooling': () => chain(image, conv({ padding: 'same' }), l.maxPooling2d({ poolSize: 2 })),
  'max pooling, overlapping, same': () =>
    chain(image, conv({}), l.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  'average pooling': () => chain(image, conv({ padding: 'same' }), l.averagePooling2d({ poolSize: 2 })),
  'depthwise conv2d': () =>
    chain(image, l.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' }), conv({})),
  'batch normalization': () =>
    chain(image, conv({ activation: 'linear' }), l.batchNormalization(), l.activation({ activation: 'tanh' })),
  'dropout off': () => chain([5], act('tanh'), l.dropout({ rate: 0 })),
  'l2 regulariser': () =>
    chain([5], l.dense({ units: 6, activation: 'tanh', kernelRegularizer: tf.regularizers.l2({ l2: 0.1 }) })),
  'add and concatenate': branches,
};

/** Weights that are the same in every run: kernels within ±√(3 / fan-in), the others near what they begin with. */
export function withFixedWeights(model: tf.LayersModel): tf.LayersModel {
  const parameters = getParameters(model);
  for (const { shape, offset, length } of layoutOf(model)) {
    const kernel = shape.length > 1;
    const limit = kernel ? Math.sqrt((3 * shape.at(-1)!) / length) : 0.05;
    noise(length, offset + 3).forEach((v, i) => {
      parameters[offset + i] = limit * v + (kernel ? 0 : parameters[offset + i]!);
    });
  }
  setParameters(model, parameters);
  return model;
}
