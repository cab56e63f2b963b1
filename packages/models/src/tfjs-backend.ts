/** Which tfjs backend computes in this thread. */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { tf } from './tf.js';
import { installWasmKernels } from './wasm-kernels.js';

/** Backends of the tfjs engine. */
export type TfjsBackend = 'wasm' | 'cpu';

/**
 * Makes wasm (with SIMD) the backend of this thread, or cpu where it does not load.
 *
 * Process-wide for tfjs: call it in a thread of its own.
 */
export async function useFastestBackend(): Promise<TfjsBackend> {
  if (await loadWasm()) return 'wasm';
  await tf.setBackend('cpu');
  return 'cpu';
}

async function loadWasm(): Promise<boolean> {
  try {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    // The binaries lie beside the package's main file; tfjs would look for them beside the running script.
    const main = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(dirname(main) + sep);
    // Without SIMD wasm is no faster than cpu and lacks kernels.
    if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) return false;
    if (!(await tf.setBackend('wasm'))) return false;
    installWasmKernels();
    return true;
  } catch {
    return false;
  }
}
