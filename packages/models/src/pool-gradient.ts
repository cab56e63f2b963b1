/** Gradient of 2-D max pooling (NHWC). */
import { valuesOf } from './heap-view.js';
import { tf } from './tf.js';

/** Attributes that tfjs gives to the kernel. */
export interface PoolAttributes {
  filterSize: number | [number, number];
  strides: number | [number, number];
  pad: 'valid' | 'same' | number;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * dX: each element of dY goes to the largest of its window, the first of equal ones.
 *
 * @param dy [n, p, q, c]
 * @param x the input of the pooling, [n, height, width, c]
 */
export function maxPoolGradient(dy: tf.Tensor4D, x: tf.Tensor4D, attributes: PoolAttributes): tf.Tensor4D {
  const { filterSize, strides, pad, dimRoundingMode } = attributes;
  const info = tf.backend_util.computePool2DInfo(x.shape, filterSize, strides, 1, pad, dimRoundingMode);
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, filterHeight, filterWidth, padInfo } = info;
  const values = valuesOf(x);
  const incoming = valuesOf(dy);
  const out = new Float32Array(values.length);
  const rowLength = inWidth * inChannels;
  let k = 0;
  for (let n = 0; n < batchSize; n++) {
    const image = n * inHeight * rowLength;
    for (let p = 0; p < outHeight; p++) {
      const top = p * info.strideHeight - padInfo.top;
      const rowFrom = Math.max(0, top);
      const rowTo = Math.min(inHeight, top + filterHeight);
      for (let q = 0; q < outWidth; q++) {
        const left = q * info.strideWidth - padInfo.left;
        const columnFrom = Math.max(0, left);
        const columnTo = Math.min(inWidth, left + filterWidth);
        const first = image + rowFrom * rowLength + columnFrom * inChannels;
        for (let c = 0; c < inChannels; c++) {
          let best = first + c;
          let largest = values[best]!;
          for (let row = rowFrom; row < rowTo; row++) {
            let i = image + row * rowLength + columnFrom * inChannels + c;
            for (let column = columnFrom; column < columnTo; column++) {
              const value = values[i]!;
              if (value > largest) {
                largest = value;
                best = i;
              }
              i += inChannels;
            }
          }
          out[best]! += incoming[k++]!;
        }
      }
    }
  }
  return tf.tensor4d(out, x.shape);
}
