import { beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../src/tf.js';
import { useFastestBackend } from '../src/tfjs-backend.js';
import { noise, relativeError } from './oracle.js';

beforeAll(useFastestBackend);

/** Values of f on wasm and on cpu. */
async function both(f: () => tf.Tensor): Promise<[ArrayLike<number>, ArrayLike<number>]> {
  const on = async (backend: string) => {
    await tf.setBackend(backend);
    return tf.tidy(() => f().dataSync());
  };
  const cpu = await on('cpu');
  return [await on('wasm'), cpu];
}

describe('installWasmKernels', () => {
  it.each([
    [false, true],
    [true, false],
    [true, true],
  ])('matMul with transposed operands %s %s, in batches too', async (transposeA, transposeB) => {
    const a = () => tf.tensor3d(noise(2 * 12, 1), transposeA ? [2, 4, 3] : [2, 3, 4]);
    const b = () => tf.tensor3d(noise(2 * 20, 2), transposeB ? [2, 5, 4] : [2, 4, 5]);
    const [wasm, cpu] = await both(() => tf.matMul(a(), b(), transposeA, transposeB));
    expect(relativeError(wasm, cpu)).toBeLessThan(1e-6);
    const [fused, fusedCpu] = await both(() =>
      tf.fused.matMul({ a: a(), b: b(), transposeA, transposeB, activation: 'relu' }),
    );
    expect(relativeError(fused, fusedCpu)).toBeLessThan(1e-6);
  });

  it('borrows from cpu what wasm lacks, and leaves nothing behind', async () => {
    const segments = () => tf.unsortedSegmentSum(tf.tensor1d([1, 2, 3]), tf.tensor1d([0, 1, 0], 'int32'), 2);
    const [wasm, cpu] = await both(segments);
    expect([...Array.from(wasm)]).toEqual([...Array.from(cpu)]);
    const before = tf.memory().numDataBuffers;
    tf.tidy(() => void segments());
    expect(tf.memory().numDataBuffers).toBe(before);
  });
});
