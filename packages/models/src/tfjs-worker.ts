/** The thread of a tfjs replica. Started by tfjs-replica.ts. */
import { workerData } from 'node:worker_threads';
import { serveReplica } from './replica-thread.js';
import { useFastestBackend } from './tfjs-backend.js';
import { TfjsStep, type TfjsStepOptions } from './tfjs-step.js';

const backend = await useFastestBackend();
serveReplica(new TfjsStep(workerData as TfjsStepOptions), `tfjs-${backend}`);
