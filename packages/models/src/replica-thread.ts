/** The thread's side of a replica: one model, one request at a time. The other side is worker-replica.ts. */
import { parentPort } from 'node:worker_threads';
import type { Vector } from '@weft/native';
import { ModelError, type ModelErrorCode, messageOf } from './errors.js';
import type { Batch, Scores } from './replica.js';

/** What the main thread asks. Arrays lie in shared memory. */
export type ReplicaRequest =
  | { readonly id: number; readonly kind: 'gradient' | 'evaluate'; readonly batch: Batch }
  | {
      readonly id: number;
      readonly kind: 'predict';
      readonly batch: Pick<Batch, 'inputs' | 'size'>;
      readonly out: Vector;
    };

/** What the thread answers; `ready` once, before anything else: the engine's name. */
export type ReplicaReply =
  | { readonly id: number; readonly scores: Scores | null }
  | { readonly id: number; readonly error: { readonly code: ModelErrorCode; readonly message: string } }
  | { readonly ready: string };

/** What computes. */
export interface ReplicaStep {
  gradient(batch: Batch): Scores;
  evaluate(batch: Batch): Scores;
  predict(batch: Pick<Batch, 'inputs' | 'size'>, out: Vector): void;
}

/** Answers every request from now on, and says that it is ready. */
export function serveReplica(step: ReplicaStep, engine: string): void {
  parentPort?.on('message', (request: ReplicaRequest) => {
    parentPort?.postMessage(answer(step, request));
  });
  parentPort?.postMessage({ ready: engine } satisfies ReplicaReply);
}

function answer(step: ReplicaStep, request: ReplicaRequest): ReplicaReply {
  const { id } = request;
  try {
    if (request.kind !== 'predict') return { id, scores: step[request.kind](request.batch) };
    step.predict(request.batch, request.out);
    return { id, scores: null };
  } catch (error) {
    return {
      id,
      error: { code: error instanceof ModelError ? error.code : 'worker-failed', message: messageOf(error) },
    };
  }
}
