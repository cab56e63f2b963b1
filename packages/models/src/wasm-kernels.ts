/** Kernels put in place of the wasm backend's own where those are missing or plain loops. */
import { type ConvAttributes, convFilterGradient, convInputGradient } from './conv-gradient.js';
import { maxPoolGradient, type PoolAttributes } from './pool-gradient.js';
import { tf } from './tf.js';

type Kernel = tf.KernelFunc;
type Shape4 = [number, number, number, number];

let installed = false;

/**
 * Replaces kernels of the wasm backend. Idempotent; process-wide, as tfjs's registry is: call it in a thread of its own.
 *
 * - BatchMatMul, _FusedMatMul: with a transposed operand the backend falls from XNNPACK to plain loops (93 ms instead of 9
 *   for the first layer of the mlp); transposing first costs less than a millisecond.
 * - Conv2DBackpropFilter is missing, Conv2DBackpropInput is a plain loop (614 ms instead of 61 for the cnn): both as convolutions.
 * - MaxPoolGrad goes through intermediate arrays (53 ms instead of 20 for the cnn).
 * - What the cpu backend has and wasm lacks is computed there: slow, but right.
 */
export function installWasmKernels(): void {
  if (installed) return;
  installed = true;
  for (const name of ['BatchMatMul', '_FusedMatMul']) replace(name, transposingFirst);
  replace('Conv2DBackpropFilter', () => filterGradientKernel);
  replace('Conv2DBackpropInput', (own) => inputGradientKernel(own));
  replace('MaxPoolGrad', () => maxPoolGradientKernel);
  const present = new Set(tf.getKernelsForBackend('wasm').map((kernel) => kernel.kernelName));
  for (const { kernelName } of tf.getKernelsForBackend('cpu')) {
    if (!present.has(kernelName)) tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc: onCpu(kernelName) });
  }
}

/** The set-up of the backend's own kernel is kept: it binds the wasm function that the own kernel calls. */
function replace(kernelName: string, make: (own: Kernel) => Kernel): void {
  const own = tf.getKernel(kernelName, 'wasm') as tf.KernelConfig | undefined;
  const missing: Kernel = () => {
    throw new Error(`kernel ${kernelName} is missing in the wasm backend`);
  };
  const kernelFunc = make(own?.kernelFunc ?? missing);
  if (own === undefined) {
    tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
    return;
  }
  // Changed in place: registering anew would run set-ups again and warn.
  own.kernelFunc = kernelFunc;
}

function transposingFirst(own: Kernel): Kernel {
  return (call) => {
    const { inputs, backend, attrs } = call;
    const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
    if (!transposeA && !transposeB) return own(call);
    const a = transposeA ? swapLastTwo(inputs['a'] as tf.Tensor) : null;
    const b = transposeB ? swapLastTwo(inputs['b'] as tf.Tensor) : null;
    const plain = { ...inputs, ...(a && { a }), ...(b && { b }) };
    const out = own({ inputs: plain, backend, attrs: { ...attrs, transposeA: false, transposeB: false } });
    a?.dispose();
    b?.dispose();
    return out;
  };
}

function swapLastTwo(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, i) => i);
  const last = axes.length - 1;
  axes[last] = last - 1;
  axes[last - 1] = last;
  return tf.transpose(x, axes);
}

const filterGradientKernel: Kernel = ({ inputs, attrs }) => {
  const { filterShape, ...attributes } = attrs as unknown as ConvAttributes & { filterShape: Shape4 };
  const x = inputs['x'] as tf.Tensor4D;
  return convFilterGradient(x, inputs['dy'] as tf.Tensor4D, filterShape, attributes);
};

function inputGradientKernel(own: Kernel): Kernel {
  return (call) => {
    const { inputShape, ...attributes } = call.attrs as unknown as ConvAttributes & { inputShape: Shape4 };
    if (attributes.dataFormat === 'NCHW') return own(call);
    const { dy, filter } = call.inputs;
    return convInputGradient(dy as tf.Tensor4D, filter as tf.Tensor4D, inputShape, attributes);
  };
}

const maxPoolGradientKernel: Kernel = ({ inputs, attrs }) => {
  return maxPoolGradient(
    inputs['dy'] as tf.Tensor4D,
    inputs['input'] as tf.Tensor4D,
    attrs as unknown as PoolAttributes,
  );
};

/** A kernel run by the cpu backend on copies. */
function onCpu(kernelName: string): Kernel {
  return ({ inputs, attrs }) => {
    const cpu = tf.engine().findBackend('cpu') as tf.KernelBackend & {
      makeTensorInfo(shape: number[], dtype: tf.DataType, values: unknown): tf.TensorInfo;
    };
    const config = tf.getKernel(kernelName, 'cpu');
    const copies = Object.entries(inputs).map(([name, given]): [string, tf.TensorInfo] => {
      const x = given as tf.Tensor;
      return [name, cpu.makeTensorInfo(x.shape, x.dtype, x.dataSync())];
    });
    const given = config.kernelFunc({ inputs: Object.fromEntries(copies), backend: cpu, ...(attrs && { attrs }) });
    const outputs = (Array.isArray(given) ? given : [given]).map((info) => {
      // slice: an output may share the memory of an input.
      const tensor = tf.tensor((cpu.readSync(info.dataId) as Float32Array).slice(), info.shape, info.dtype);
      cpu.disposeData(info.dataId);
      return tensor;
    });
    for (const [, copy] of copies) cpu.disposeData(copy.dataId, true);
    return Array.isArray(given) ? outputs : outputs[0]!;
  };
}
