import { describe, expect, it } from 'vitest';
import { type ConvAttributes, convFilterGradient, convInputGradient } from '../src/conv-gradient.js';
import { tf } from '../src/tf.js';
import { noise, relativeError } from './oracle.js';

type Shape4 = [number, number, number, number];
const CASES: [string, Shape4, Shape4, ConvAttributes][] = [
  ['valid', [2, 6, 5, 3], [3, 3, 3, 4], { strides: 1, pad: 'valid' }],
  ['same', [2, 6, 5, 3], [3, 2, 3, 4], { strides: 1, pad: 'same' }],
  ['stride that leaves a rest', [2, 8, 7, 2], [3, 3, 2, 3], { strides: [2, 3], pad: 'valid' }],
  ['same with stride', [1, 7, 8, 2], [5, 3, 2, 3], { strides: 2, pad: 'same' }],
  ['filter smaller than stride', [1, 7, 7, 2], [1, 1, 2, 3], { strides: 3, pad: 'valid' }],
  ['padding wider than the filter', [1, 4, 4, 2], [2, 2, 2, 3], { strides: 1, pad: 3 }],
];

describe('convFilterGradient and convInputGradient', () => {
  it.each(CASES)('%s: as the cpu kernels have it', (_, inputShape, filterShape, attributes) => {
    const { strides, pad, dimRoundingMode } = attributes;
    const info = tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode);
    const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
    const x = tf.tensor4d(noise(size(inputShape), 1), inputShape);
    const filter = tf.tensor4d(noise(size(filterShape), 2), filterShape);
    const dy = tf.tensor4d(noise(size(info.outShape), 3), info.outShape);
    const run = (name: string, inputs: object, attrs: object) =>
      tf
        .engine()
        .runKernel(name, inputs as never, { ...attributes, dataFormat: 'NHWC', ...attrs } as never) as tf.Tensor;
    const filterGradient = run('Conv2DBackpropFilter', { x, dy }, { filterShape });
    const inputGradient = run('Conv2DBackpropInput', { dy, filter }, { inputShape });
    const ownFilter = convFilterGradient(x, dy, filterShape, attributes);
    const ownInput = convInputGradient(dy, filter, inputShape, attributes);
    expect(ownFilter.shape).toEqual(filterShape);
    expect(ownInput.shape).toEqual(inputShape);
    expect(relativeError(ownFilter.dataSync(), filterGradient.dataSync())).toBeLessThan(1e-6);
    expect(relativeError(ownInput.dataSync(), inputGradient.dataSync())).toBeLessThan(1e-6);
  });
});
