/** Values of a tensor without a copy, where the backend allows. */
import type { Vector } from '@weft/native';
import { tf } from './tf.js';

/**
 * The float32 values of a tensor: a view of wasm memory, which saves the copy of dataSync (4 MB a step for the gradients of
 * the mlp), or dataSync's on other backends.
 *
 * Read it at once: the next tfjs call may free or move that memory.
 */
export function valuesOf(tensor: tf.Tensor): Vector {
  const backend = tf.backend() as { typedArrayFromHeap?: (t: tf.TensorInfo) => Float32Array };
  return backend.typedArrayFromHeap?.(tensor) ?? (tensor.dataSync() as Float32Array);
}
