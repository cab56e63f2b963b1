/** The tfjs engine: pure @tensorflow/tfjs in a worker thread. */
import type { ReplicaSetup } from './engine-slot.js';
import type { Replica } from './replica.js';
import { createWorkerReplica } from './worker-replica.js';

/**
 * Starts the thread and builds the model in it.
 *
 * @throws ModelError `worker-failed` when the thread ends before it is ready; the signal's reason when it is aborted
 */
export function createTfjsReplica(setup: ReplicaSetup): Promise<Replica> {
  return createWorkerReplica({ name: 'tfjs', file: 'tfjs-worker', setup });
}
