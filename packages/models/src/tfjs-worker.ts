/** The thread of a tfjs replica: one model, one request at a time. Started by tfjs-replica.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Vector } from '@weft/native';
import { ModelError, type ModelErrorCode, messageOf } from './errors.js';
import type { Batch, Scores } from './replica.js';
import { useFastestBackend } from './tfjs-backend.js';
import { TfjsStep, type TfjsStepOptions } from './tfjs-step.js';

/** What the main thread asks. Arrays lie in shared memory. */
export type TfjsRequest =
  | { readonly id: number; readonly kind: 'gradient' | 'evaluate'; readonly batch: Batch }
  | {
      readonly id: number;
      readonly kind: 'predict';
      readonly batch: Pick<Batch, 'inputs' | 'size'>;
      readonly out: Vector;
    };

/** What the thread answers; `ready` once, before anything else. */
export type TfjsReply =
  | { readonly id: number; readonly scores: Scores | null }
  | { readonly id: number; readonly error: { readonly code: ModelErrorCode; readonly message: string } }
  | { readonly ready: 'tfjs-wasm' | 'tfjs-cpu' };

const backend = await useFastestBackend();
const step = new TfjsStep(workerData as TfjsStepOptions);

function answer(request: TfjsRequest): TfjsReply {
  const { id } = request;
  try {
    if (request.kind === 'predict') step.predict(request.batch, request.out);
    return { id, scores: request.kind === 'predict' ? null : step[request.kind](request.batch) };
  } catch (error) {
    return {
      id,
      error: { code: error instanceof ModelError ? error.code : 'worker-failed', message: messageOf(error) },
    };
  }
}

parentPort?.on('message', (request: TfjsRequest) => {
  parentPort?.postMessage(answer(request));
});
parentPort?.postMessage({ ready: `tfjs-${backend}` } satisfies TfjsReply);
