/** Convolutions and pooling over images, [height, width, channels], as TensorFlow ops. */
import { activateLayer } from './tensorflow-activate.js';
import { type Attrs, FLOAT, intsAttr, type Ref, textAttr, typeAttr } from './tensorflow-graph.js';
import {
  expectOption,
  type LayerContext,
  type LayerWriter,
  onlyInput,
  pairOption,
  unsupported,
  weightOf,
} from './tensorflow-layer.js';

type Pair = readonly [number, number];

interface Window {
  readonly size: Pair;
  readonly strides: Pair;
  readonly dilation: Pair;
}

function image(c: LayerContext): { ref: Ref; shape: readonly [number, number, number]; trained: boolean } {
  const { ref, shape, trained } = onlyInput(c);
  const [height, width, channels] = shape;
  if (shape.length !== 3 || height === undefined || width === undefined || channels === undefined) {
    throw unsupported(c, `an input [height, width, channels] expected, got [${shape.join(', ')}]`);
  }
  expectOption(c, 'data_format', 'channels_last');
  return { ref, shape: [height, width, channels], trained };
}

function paddingOf(c: LayerContext): 'SAME' | 'VALID' {
  const padding = c.config['padding'] ?? 'valid';
  if (padding !== 'same' && padding !== 'valid') throw unsupported(c, `padding same or valid expected, got ${padding}`);
  return padding === 'same' ? 'SAME' : 'VALID';
}

/** same: ⌈n / s⌉; valid: ⌈(n − (k − 1) d) / s⌉ */
function outputSize(n: number, axis: 0 | 1, { size, strides, dilation }: Window, padding: 'SAME' | 'VALID'): number {
  const lost = padding === 'SAME' ? 0 : (size[axis] - 1) * dilation[axis];
  return Math.ceil((n - lost) / strides[axis]);
}

const nhwc = ([height, width]: Pair) => intsAttr([1, height, width, 1]);

/**
 * y = act(x ∗ W + b); the two gradients have ops of their own.
 *
 * @param op its name; those of its gradients begin with `gradient`
 */
function convolution(weightName: string, op: string, gradient: string): LayerWriter {
  return (c) => {
    const { graph } = c;
    const x = image(c);
    const kernel = weightOf(c, weightName);
    const [kh = 1, kw = 1, inputs = 1, last = 1] = kernel.shape;
    const window: Window = {
      size: [kh, kw],
      strides: pairOption(c, 'strides', [1, 1]),
      dilation: pairOption(c, 'dilation_rate', [1, 1]),
    };
    expectOption(c, 'groups', 1);
    const padding = paddingOf(c);
    const attrs: Attrs = {
      ...FLOAT,
      strides: nhwc(window.strides),
      dilations: nhwc(window.dilation),
      padding: textAttr(padding),
    };
    const [height, width] = x.shape;
    const channels = op === 'Conv2D' ? last : inputs * last;
    const shape = [outputSize(height, 0, window, padding), outputSize(width, 1, window, padding), channels];
    const product = graph.op(op, [x.ref, kernel.ref], attrs);
    const { ref, backward } = activateLayer(c, product);
    return {
      ref,
      shape,
      backward: (dy) => {
        const { dz, weights } = backward(dy);
        if (kernel.trained) {
          const sizes = graph.int(kernel.shape);
          weights[weightName] = graph.op(`${gradient}BackpropFilter`, [x.ref, sizes, dz], attrs);
        }
        if (!x.trained) return { inputs: [null], weights };
        const sizes = graph.op('Shape', [x.ref], FLOAT);
        return { inputs: [graph.op(`${gradient}BackpropInput`, [sizes, kernel.ref, dz], attrs)], weights };
      },
    };
  };
}

export const conv2d = convolution('kernel', 'Conv2D', 'Conv2D');
export const depthwiseConv2d = convolution('depthwise_kernel', 'DepthwiseConv2dNative', 'DepthwiseConv2dNative');

/** The largest or the mean of each window; padding counts for neither. */
function pooling(op: 'MaxPool' | 'AvgPool'): LayerWriter {
  return (c) => {
    const { graph } = c;
    const x = image(c);
    const size = pairOption(c, 'pool_size', [2, 2]);
    const window: Window = { size, strides: pairOption(c, 'strides', size), dilation: [1, 1] };
    const padding = paddingOf(c);
    const attrs = { ...FLOAT, ksize: nhwc(size), strides: nhwc(window.strides), padding: textAttr(padding) };
    const [height, width, channels] = x.shape;
    const y = graph.op(op, [x.ref], attrs);
    return {
      ref: y,
      shape: [outputSize(height, 0, window, padding), outputSize(width, 1, window, padding), channels],
      backward: (dy) => {
        if (op === 'MaxPool') return { inputs: [graph.op('MaxPoolGrad', [x.ref, y, dy], attrs)] };
        return { inputs: [graph.op('AvgPoolGrad', [graph.op('Shape', [x.ref], FLOAT), dy], attrs)] };
      },
    };
  };
}

export const maxPooling2d = pooling('MaxPool');
export const averagePooling2d = pooling('AvgPool');

/** y_c = mean over height and width of x_c; every x gets dy / (height · width). */
export const globalAveragePooling2d: LayerWriter = (c) => {
  const { graph } = c;
  const x = image(c);
  const [height, width, channels] = x.shape;
  const mean = { ...FLOAT, Tidx: typeAttr('int32') };
  return {
    ref: graph.op('Mean', [x.ref, graph.int([1, 2])], mean),
    shape: [channels],
    backward: (dy) => {
      const share = graph.op('Mul', [dy, graph.float(1 / (height * width))], FLOAT);
      const pixel = graph.op('Reshape', [share, graph.int([-1, 1, 1, channels])], FLOAT);
      return { inputs: [graph.op('BroadcastTo', [pixel, graph.op('Shape', [x.ref], FLOAT)], FLOAT)] };
    },
  };
};
