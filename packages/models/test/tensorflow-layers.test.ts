// Values are compared with tfjs's in tensorflow-step.test.ts, where there is a library; here, shapes and ops.
import { describe, expect, it } from 'vitest';
import { layerWriter } from '../src/tensorflow-layers.js';
import { contextOf, opsOf } from './graph-context.js';

function write(className: string, o: Parameters<typeof contextOf>[0]) {
  const c = contextOf({ className, ...o });
  const result = layerWriter(className)?.(c);
  if (result === undefined) throw new Error(`no ${className}`);
  return { c, ...result };
}

describe('layers', () => {
  it('dense: a product forward, two transposed ones back', () => {
    const weights = { kernel: [4, 3], bias: [3] };
    const { c, shape, backward } = write('Dense', { shapes: [[4]], config: { activation: 'linear' }, weights });
    expect(shape).toEqual([3]);
    expect(backward('dy')).toEqual({ inputs: ['MatMul_2'], weights: { kernel: 'MatMul_1', bias: 'BiasAddGrad' } });
    const products = c.graph.nodes.filter(({ op }) => op === 'MatMul');
    expect(products.map(({ attr }) => [attr['transpose_a']?.b, attr['transpose_b']?.b])).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ]);
  });

  it('flatten, reshape with what is left, concatenate and add', () => {
    expect(write('Flatten', { shapes: [[2, 3, 4]] }).shape).toEqual([24]);
    expect(write('Reshape', { shapes: [[12]], config: { target_shape: [2, -1] } }).shape).toEqual([2, 6]);
    expect(write('Reshape', { shapes: [[12]], config: { target_shape: [2, null, 3] } }).shape).toEqual([2, 2, 3]);
    const both = write('Concatenate', {
      shapes: [
        [2, 3],
        [2, 5],
      ],
      config: { axis: -1 },
    });
    expect([both.shape, both.backward('dy').inputs]).toEqual([
      [2, 8],
      ['SplitV', 'SplitV:1'],
    ]);
    expect(
      write('Concatenate', {
        shapes: [
          [2, 3],
          [4, 3],
        ],
        config: { axis: 1 },
      }).shape,
    ).toEqual([6, 3]);
    expect(write('Add', { shapes: [[2], [2], [2]] }).backward('dy').inputs).toEqual(['dy', 'dy', 'dy']);
    expect(() => write('Add', { shapes: [[2], [3]] })).toThrow('layer layer (Add): inputs of one shape expected');
  });

  it('dropout draws in training only', () => {
    const config = { rate: 0.5, noise_shape: null };
    expect(opsOf(write('Dropout', { shapes: [[4]], config }).c)).toContain('StatelessRandomUniform');
    expect(opsOf(write('Dropout', { shapes: [[4]], config, training: false }).c)).toEqual([]);
    expect(opsOf(write('Dropout', { shapes: [[4]], config: { rate: 0 } }).c)).toEqual([]);
  });

  it('batch normalization moves its statistics in training only', () => {
    const weights = { gamma: [3], beta: [3], moving_mean: [3], moving_variance: [3] };
    const trained = write('BatchNormalization', { shapes: [[4, 4, 3]], config: { axis: -1 }, weights });
    expect(trained.c.updates).toEqual(['moving_mean', 'moving_variance']);
    expect(Object.keys(trained.backward('dy').weights ?? {})).toEqual(['gamma', 'beta']);
    const used = write('BatchNormalization', { shapes: [[4]], weights, training: false });
    expect([used.c.updates, used.shape]).toEqual([[], [4]]);
    expect(() => write('BatchNormalization', { shapes: [[4, 4, 3]], config: { axis: 1 }, weights })).toThrow(
      'the last axis expected, got 1',
    );
  });

  it('refuses what has no plain op', () => {
    expect(() => write('ReLU', { shapes: [[4]], config: { max_value: 3 } })).toThrow('max_value none or 6 expected');
    expect(() => write('ELU', { shapes: [[4]], config: { alpha: 2 } })).toThrow('alpha 1 expected, got 2');
    expect(() => write('Softmax', { shapes: [[4, 2]], config: { axis: 1 } })).toThrow('the last axis expected');
    expect(layerWriter('LSTM')).toBeUndefined();
  });
});
