/** Gradients of a 2-D convolution (NHWC), as convolutions: what wasm lacks, or has as plain loops, at the speed of its Conv2D. */
import { tf } from './tf.js';

type Shape4 = [number, number, number, number];
type Pair = [number, number];

/** Attributes that tfjs gives to both gradient kernels. */
export interface ConvAttributes {
  strides: number | [number, number];
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dataFormat?: 'NHWC' | 'NCHW';
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * Gradient with respect to the filter.
 *
 * dW[u, v, i, o] = Σ_{n,p,q} X[n, s p + u, s q + v, i] dY[n, p, q, o]: a correlation of X with dY, where channels play the
 * samples, samples the channels, and the stride s is a dilation.
 *
 * @param x padded here, [n, height, width, i]
 * @param dy [n, p, q, o]
 * @returns [u, v, i, o] of filterShape
 */
export function convFilterGradient(
  x: tf.Tensor4D,
  dy: tf.Tensor4D,
  filterShape: Shape4,
  attributes: ConvAttributes,
): tf.Tensor4D {
  const info = convInfo(x.shape, filterShape, attributes);
  const { padInfo, strideHeight, strideWidth, filterHeight, filterWidth, outHeight, outWidth, inHeight, inWidth } =
    info;
  const high = span(outHeight, strideHeight) + filterHeight - 1;
  const wide = span(outWidth, strideWidth) + filterWidth - 1;
  return tf.tidy(() => {
    const fitted = fit(
      x,
      { before: padInfo.top, from: inHeight, to: high },
      { before: padInfo.left, from: inWidth, to: wide },
    );
    const images = tf.transpose(fitted, [3, 1, 2, 0]);
    const filter = tf.transpose(dy, [1, 2, 0, 3]);
    const gradient = tf.conv2d(images, filter, 1, 'valid', 'NHWC', [strideHeight, strideWidth]);
    return tf.transpose(gradient, [1, 2, 0, 3]);
  });
}

/**
 * Gradient with respect to the input.
 *
 * dX = dY, with s − 1 zeros between its elements, correlated in full with the filter turned by 180° and its channels swapped.
 *
 * @param dy [n, p, q, o]
 * @param filter [u, v, i, o]
 * @param inputShape [n, height, width, i]
 */
export function convInputGradient(
  dy: tf.Tensor4D,
  filter: tf.Tensor4D,
  inputShape: Shape4,
  attributes: ConvAttributes,
): tf.Tensor4D {
  const info = convInfo(inputShape, filter.shape, attributes);
  const { padInfo, strideHeight, strideWidth, filterHeight, filterWidth, outHeight, outWidth, inHeight, inWidth } =
    info;
  return tf.tidy(() => {
    const spread = insertZeros(dy, strideHeight, strideWidth);
    const fitted = fit(
      spread,
      { before: filterHeight - 1 - padInfo.top, from: span(outHeight, strideHeight), to: inHeight + filterHeight - 1 },
      { before: filterWidth - 1 - padInfo.left, from: span(outWidth, strideWidth), to: inWidth + filterWidth - 1 },
    );
    const turned = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
    return tf.conv2d(fitted, turned, 1, 'valid');
  });
}

function convInfo(x: Shape4, filter: Shape4, attributes: ConvAttributes) {
  const { strides, pad, dimRoundingMode } = attributes;
  return tf.backend_util.computeConv2DInfo(x, filter, strides, 1, pad, dimRoundingMode, false, 'channelsLast');
}

/** Distance from the first to the last of n elements that lie a stride apart, both included. */
function span(n: number, stride: number): number {
  return (n - 1) * stride + 1;
}

/** `before` zeros in front (elements taken away where negative), then zeros or a cut at the end, up to `to` elements. */
interface Fit {
  before: number;
  from: number;
  to: number;
}

function fit(x: tf.Tensor4D, height: Fit, width: Fit): tf.Tensor4D {
  const whole = height.before === 0 && width.before === 0 && height.from === height.to && width.from === width.to;
  if (whole) return x;
  const parts = [
    { before: 0, from: x.shape[0], to: x.shape[0] },
    height,
    width,
    { before: 0, from: x.shape[3], to: x.shape[3] },
  ];
  const begin = parts.map((part) => Math.max(0, -part.before));
  const kept = parts.map((part, i) => Math.min(part.from - begin[i]!, part.to - Math.max(0, part.before)));
  const cut = tf.slice4d(x, begin as Shape4, kept as Shape4);
  const zeros = parts.map((part, i): Pair => {
    const front = Math.max(0, part.before);
    return [front, part.to - front - kept[i]!];
  });
  return tf.pad4d(cut, zeros as [Pair, Pair, Pair, Pair]);
}

/** s − 1 zeros after each row and column but the last: [n, p, q, o] → [n, (p − 1) s + 1, (q − 1) s + 1, o]. */
function insertZeros(dy: tf.Tensor4D, strideHeight: number, strideWidth: number): tf.Tensor4D {
  if (strideHeight === 1 && strideWidth === 1) return dy;
  const [n, p, q, o] = dy.shape;
  // After its row, each element is followed by zeros: rows of q·o, then elements of o.
  const columns = tf.pad(tf.reshape(dy, [n * p * q, 1, o]), [
    [0, 0],
    [0, strideWidth - 1],
    [0, 0],
  ]);
  const rowLength = q * strideWidth * o;
  const rows = tf.pad(tf.reshape(columns, [n * p, 1, rowLength]), [
    [0, 0],
    [0, strideHeight - 1],
    [0, 0],
  ]);
  const spread = tf.reshape(rows, [n, p * strideHeight, q * strideWidth, o]);
  return tf.slice4d(spread as tf.Tensor4D, [0, 0, 0, 0], [n, span(p, strideHeight), span(q, strideWidth), o]);
}
