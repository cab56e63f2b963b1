import { describe, expect, it } from 'vitest';
import { createModel, describeModel } from '../src/index.js';
import { tf } from '../src/tf.js';

describe('describeModel', () => {
  it('gives shapes, sizes and head', () => {
    expect(describeModel(createModel('cnn', { seed: 1 }))).toEqual({
      inputShape: [28, 28, 1],
      outputShape: [10],
      features: 784,
      outputs: 10,
      parameters: 1_048_853,
      head: 'softmax',
    });
  });

  it('refuses two outputs, an open shape and a model that is not built', () => {
    const input = tf.input({ shape: [2] });
    const out = () => tf.layers.dense({ units: 1 }).apply(input) as tf.SymbolicTensor;
    expect(() => describeModel(tf.model({ inputs: input, outputs: [out(), out()] }))).toThrow(
      /one output expected, got 2/,
    );
    const open = tf.sequential({ layers: [tf.layers.conv2d({ filters: 1, kernelSize: 1, inputShape: [null, 4, 1] })] });
    expect(() => describeModel(open)).toThrow(/a fixed input shape expected/);
    expect(() => describeModel(tf.sequential())).toThrow(/not built/);
  });
});
