import { describe, expect, it } from 'vitest';
import { maxPoolGradient, type PoolAttributes } from '../src/pool-gradient.js';
import { tf } from '../src/tf.js';
import { noise } from './oracle.js';

const CASES: [string, PoolAttributes][] = [
  ['2×2', { filterSize: 2, strides: 2, pad: 'valid' }],
  ['overlapping', { filterSize: 3, strides: 1, pad: 'valid' }],
  ['same, uneven', { filterSize: [3, 2], strides: [2, 1], pad: 'same' }],
];

describe('maxPoolGradient', () => {
  it.each(CASES)('%s: as the cpu kernel has it', (_, attributes) => {
    const x = tf.tensor4d(noise(2 * 7 * 6 * 3, 5), [2, 7, 6, 3]);
    const { filterSize, strides, pad } = attributes;
    const output = tf.maxPool(x, filterSize, strides, pad);
    const dy = tf.tensor4d(noise(output.size, 6), output.shape);
    const inputs = { dy, input: x, output };
    const expected = tf.engine().runKernel('MaxPoolGrad', inputs as never, { ...attributes } as never) as tf.Tensor;
    const difference = tf.max(tf.abs(tf.sub(maxPoolGradient(dy, x, attributes), expected)));
    expect(difference.dataSync()[0]).toBeLessThan(1e-6);
  });

  it('gives the first of equal values all of it', () => {
    const dy = tf.tensor4d([1], [1, 1, 1, 1]);
    const gradient = maxPoolGradient(dy, tf.zeros([1, 2, 2, 1]), { filterSize: 2, strides: 2, pad: 'valid' });
    expect([...gradient.dataSync()]).toEqual([1, 0, 0, 0]);
  });
});
