import { describe, expect, it } from 'vitest';
import {
  createModel,
  getParameters,
  getState,
  layoutOf,
  parameterCount,
  setParameters,
  setState,
  stateCount,
  stateLayoutOf,
} from '../src/index.js';
import { tf } from '../src/tf.js';
import { noise } from './oracle.js';

const normalized = () =>
  tf.sequential({
    layers: [tf.layers.batchNormalization({ inputShape: [2], name: 'bn' }), tf.layers.dense({ units: 3, name: 'd' })],
  });

describe('layoutOf', () => {
  it('lists trainable weights in LayersModel order, end to end, by the names of the topology', () => {
    for (let copy = 0; copy < 2; copy++) {
      const layout = layoutOf(createModel('mlp', { seed: 1 }));
      expect(layout[0]).toEqual({ name: 'dense_1/kernel', shape: [784, 1000], offset: 0, length: 784_000 });
      expect(layout.map((range) => range.name)).toContain('output/bias');
      for (const [i, range] of layout.entries()) {
        expect(range.offset).toBe(i === 0 ? 0 : layout[i - 1]!.offset + layout[i - 1]!.length);
      }
    }
  });

  it('leaves moving statistics to the state', () => {
    expect(layoutOf(normalized()).map((range) => range.name)).toEqual(['bn/gamma', 'bn/beta', 'd/kernel', 'd/bias']);
    expect(stateLayoutOf(normalized()).map((range) => range.name)).toEqual(['bn/moving_mean', 'bn/moving_variance']);
    expect(parameterCount(normalized())).toBe(13);
    expect(stateCount(normalized())).toBe(4);
  });
});

describe('get and set', () => {
  it('are inverse, and copies', () => {
    const model = normalized();
    const vector = noise(13, 1);
    setParameters(model, vector);
    setState(model, Float32Array.of(1, 2, 3, 4));
    const kept = vector.slice();
    vector.fill(0);
    expect(getParameters(model)).toEqual(kept);
    expect([...getState(model)]).toEqual([1, 2, 3, 4]);
    const out = new Float32Array(13);
    expect(getParameters(model, out)).toBe(out);
    expect(out).toEqual(kept);
  });

  it('leave no tensors behind', () => {
    const model = normalized();
    const before = tf.memory().numTensors;
    setParameters(model, getParameters(model));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuse vectors of another length', () => {
    expect(() => setParameters(normalized(), new Float32Array(12))).toThrow(
      'parameters: a vector of 13 values expected, got 12',
    );
    expect(() => getState(normalized(), new Float32Array(5))).toThrow('state: a vector of 4 values expected, got 5');
  });
});
