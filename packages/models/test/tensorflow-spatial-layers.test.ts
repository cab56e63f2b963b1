import { describe, expect, it } from 'vitest';
import type { LayerWriter } from '../src/tensorflow-layer.js';
import {
  averagePooling2d,
  conv2d,
  depthwiseConv2d,
  globalAveragePooling2d,
  maxPooling2d,
} from '../src/tensorflow-spatial-layers.js';
import { contextOf, opsOf } from './graph-context.js';

function write(writer: LayerWriter, o: Parameters<typeof contextOf>[0]) {
  const c = contextOf(o);
  return { c, ...writer(c) };
}

describe('convolutions', () => {
  const weights = { kernel: [3, 3, 2, 5], depthwise_kernel: [3, 3, 2, 4], bias: [5] };
  it.each([
    [{ padding: 'valid' }, [5, 6, 5]],
    [{ padding: 'same' }, [7, 8, 5]],
    [{ padding: 'same', strides: [2, 3] }, [4, 3, 5]],
    [{ padding: 'valid', strides: 2 }, [3, 3, 5]],
    [{ padding: 'valid', dilation_rate: [2, 1] }, [3, 6, 5]],
  ])('%j', (config, expected) => {
    expect(write(conv2d, { shapes: [[7, 8, 2]], config, weights }).shape).toEqual(expected);
  });

  it('have gradient ops for kernel, bias and input', () => {
    const { c, backward } = write(conv2d, { shapes: [[7, 8, 2]], config: { activation: 'relu' }, weights });
    expect(Object.keys(backward('dy').weights ?? {})).toEqual(['bias', 'kernel']);
    expect(opsOf(c).slice(3)).toEqual([
      'ReluGrad',
      'BiasAddGrad',
      'Conv2DBackpropFilter',
      'Shape',
      'Conv2DBackpropInput',
    ]);
  });

  it('depthwise: as many channels as inputs times multiplier', () => {
    expect(write(depthwiseConv2d, { shapes: [[7, 8, 2]], weights }).shape).toEqual([5, 6, 8]);
  });

  it('refuse channels first, and what is no image', () => {
    const config = { data_format: 'channels_first' };
    expect(() => write(conv2d, { shapes: [[2, 7, 8]], config, weights })).toThrow('"channels_last" expected');
    expect(() => write(conv2d, { shapes: [[7]], weights })).toThrow('[height, width, channels] expected, got [7]');
  });
});

describe('pooling', () => {
  it('strides by its own size unless told', () => {
    expect(write(maxPooling2d, { shapes: [[7, 8, 2]], config: { pool_size: [2, 2] } }).shape).toEqual([3, 4, 2]);
    const config = { pool_size: [3, 3], strides: [2, 2], padding: 'same' };
    expect(write(averagePooling2d, { shapes: [[7, 8, 2]], config }).shape).toEqual([4, 4, 2]);
    expect(write(globalAveragePooling2d, { shapes: [[7, 8, 2]] }).shape).toEqual([2]);
  });

  it('has gradient ops', () => {
    const { c, backward } = write(maxPooling2d, { shapes: [[4, 4, 1]] });
    expect(backward('dy')).toEqual({ inputs: ['MaxPoolGrad'] });
    expect(c.graph.nodes.at(-1)?.input).toEqual(['x0', 'MaxPool', 'dy']);
  });
});
