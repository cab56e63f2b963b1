import { describe, expect, it } from 'vitest';
import { headOf, withLogits } from '../src/head.js';
import { createModel, modelFromJson, modelToJson } from '../src/index.js';
import { tf } from '../src/tf.js';

const last = (...layers: tf.layers.Layer[]) =>
  modelToJson(tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [2] }), ...layers] }));

describe('headOf', () => {
  it('sees an activation, an Activation layer, a Softmax layer, and what is neither', () => {
    expect(headOf(last(tf.layers.dense({ units: 2, activation: 'softmax' })))).toBe('softmax');
    expect(headOf(last(tf.layers.dense({ units: 2 }), tf.layers.activation({ activation: 'sigmoid' })))).toBe(
      'sigmoid',
    );
    expect(headOf(last(tf.layers.dense({ units: 2 }), tf.layers.softmax()))).toBe('softmax');
    expect(headOf(last(tf.layers.dense({ units: 2, activation: 'relu' })))).toBe('linear');
  });

  it('looks into nested and functional models', () => {
    const inner = tf.sequential({ layers: [tf.layers.dense({ units: 2, activation: 'sigmoid', inputShape: [2] })] });
    expect(headOf(modelToJson(tf.sequential({ layers: [inner] })))).toBe('sigmoid');
    const input = tf.input({ shape: [2] });
    const outputs = tf.layers.dense({ units: 2, activation: 'softmax', name: 'probabilities_out' }).apply(input);
    expect(headOf(modelToJson(tf.model({ inputs: input, outputs: outputs as tf.SymbolicTensor })))).toBe('softmax');
  });
});

describe('withLogits', () => {
  it('makes the end linear and keeps the rest', () => {
    const { json, head } = withLogits(modelToJson(createModel('mlp', { seed: 1 })));
    expect(head).toBe('softmax');
    expect(headOf(json)).toBe('linear');
    expect(modelFromJson(json).countParams()).toBe(1_037_760);
    const softmax = withLogits(last(tf.layers.dense({ units: 2 }), tf.layers.softmax()));
    expect(headOf(softmax.json)).toBe('linear');
    expect(() => modelFromJson(softmax.json)).not.toThrow();
  });
});
