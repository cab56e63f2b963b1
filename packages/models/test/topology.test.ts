import { describe, expect, it } from 'vitest';
import { createModel, getParameters, modelFromJson, modelToJson } from '../src/index.js';
import { tf } from '../src/tf.js';
import { outputLayer, parseTopology } from '../src/topology.js';

describe('modelToJson and modelFromJson', () => {
  it('give the same topology again, and by its seeds the same weights', () => {
    const model = createModel('cnn', { seed: 9, inputShape: [6, 6, 1] });
    const copy = modelFromJson(modelToJson(model));
    expect(modelToJson(copy)).toBe(modelToJson(model));
    expect(getParameters(copy)).toEqual(getParameters(model));
  });

  it('keep names with underscores in functional models', () => {
    const input = tf.input({ shape: [2], name: 'the_input' });
    const a = tf.layers.dense({ units: 2, name: 'branch_a', useBias: false }).apply(input) as tf.SymbolicTensor;
    const sum = tf.layers.add({ name: 'the_sum' }).apply([a, input]) as tf.SymbolicTensor;
    const copy = modelFromJson(modelToJson(tf.model({ inputs: input, outputs: sum, name: 'my_model' })));
    expect(copy.name).toBe('my_model');
    expect(copy.layers.map((layer) => layer.name)).toEqual(['the_input', 'branch_a', 'the_sum']);
    expect(copy.getLayer('branch_a').weights).toHaveLength(1);
  });

  it("reads Keras's outer object", () => {
    const json = modelToJson(createModel('mlp', { seed: 1 }));
    expect(modelFromJson(JSON.stringify({ model_config: JSON.parse(json) })).countParams()).toBe(1_037_760);
  });

  it('refuse what is no topology, in one line', () => {
    expect(() => modelFromJson('{')).toThrow(/^topology: JSON expected/);
    expect(() => modelFromJson('[]')).toThrow(/class_name and config expected/);
    expect(() => modelFromJson('{"class_name":"Odd","config":{}}')).toThrow('topology: unknown model class Odd');
    const json = modelToJson(createModel('mlp', { seed: 1 })).replace('"Flatten"', '"Origami"');
    expect(() => modelFromJson(json)).toThrow(/^topology: Unknown layer: Origami[^\n]*$/);
  });
});

describe('outputLayer', () => {
  it('refuses several outputs', () => {
    const input = tf.input({ shape: [2] });
    const out = () => tf.layers.dense({ units: 1 }).apply(input) as tf.SymbolicTensor;
    const json = modelToJson(tf.model({ inputs: input, outputs: [out(), out()] }));
    expect(() => outputLayer(parseTopology(json))).toThrow('one output expected, got 2');
  });
});
