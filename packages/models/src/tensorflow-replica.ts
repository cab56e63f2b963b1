/** The tensorflow engine: @tensorflow/tfjs-node(-gpu) in a worker thread, the step as one graph. */
import { SHARE_ENV } from 'node:worker_threads';
import type { ReplicaSetup } from './engine-slot.js';
import { ModelError } from './errors.js';
import type { Replica } from './replica.js';
import { findTensorflow } from './tensorflow-library.js';
import { createWorkerReplica } from './worker-replica.js';

/**
 * Starts the thread, loads the library and the model's graph in it. A model with a layer that is not written as a graph runs
 * op by op on the same library; the replica's `engine` says so.
 *
 * @throws ModelError `engine-unavailable` when the library is not there or does not load; `worker-failed` when the thread
 *   ends before it is ready; the signal's reason when it is aborted
 */
export async function createTensorflowReplica(setup: ReplicaSetup): Promise<Replica> {
  const location = findTensorflow(setup.tensorflowDir);
  if (typeof location === 'string') throw new ModelError('engine-unavailable', `engine tensorflow ${location}`);
  const { threads } = setup;
  return createWorkerReplica({
    name: 'tensorflow',
    file: 'tensorflow-worker',
    setup,
    data: { location, threads },
    env: SHARE_ENV,
  });
}

/** Why it cannot run here; null when it can. Every model can: what is no graph runs op by op. */
export function tensorflowUnavailable(tensorflowDir?: string): string | null {
  const location = findTensorflow(tensorflowDir);
  return typeof location === 'string' ? location : null;
}
