/** The thread of a tensorflow replica. Started by tensorflow-replica.ts. */
import { workerData } from 'node:worker_threads';
import { ModelError } from './errors.js';
import { serveReplica } from './replica-thread.js';
import { loadTensorflow, type TensorflowLibrary, type TensorflowLocation } from './tensorflow-library.js';
import { TensorflowStep } from './tensorflow-step.js';
import { tf } from './tf.js';
import { TfjsStep, type TfjsStepOptions } from './tfjs-step.js';

/** workerData of this thread. */
export interface TensorflowWorkerData extends TfjsStepOptions {
  readonly location: TensorflowLocation;
  readonly threads: number;
}

const data = workerData as TensorflowWorkerData;
const library = loadTensorflow(data.location, data.threads);
// The GPU's build also runs without a GPU.
const { isUsingGpuDevice } = tf.backend() as unknown as { isUsingGpuDevice: boolean };
const name = isUsingGpuDevice ? 'tensorflow-gpu' : 'tensorflow';
await serve(library);

/** As one graph, or, naming the layer that is not written as one, op by op. */
async function serve(tensorflow: TensorflowLibrary): Promise<void> {
  try {
    serveReplica(await TensorflowStep.create(data, tensorflow), name);
  } catch (error) {
    if (!(error instanceof ModelError) || error.code !== 'unsupported') throw error;
    serveReplica(new TfjsStep(data), `${name}-eager (${error.message})`);
  }
}
