/** What an engine is, and what it is given: the place that a new engine slots into. */
import type { Vector } from '@weft/native';
import type { BatchShape } from './batch.js';
import type { LossName } from './loss.js';
import type { Replica, WeightRange } from './replica.js';
import type { Normalization } from './tfjs-step.js';

/** Engines that can be asked for. */
export type EngineName = 'auto' | 'native' | 'tensorflow' | 'tfjs';

/** One engine: a row of the table in engine.ts. */
export interface Engine {
  readonly name: Exclude<EngineName, 'auto'>;
  /**
   * Why it cannot run here, or cannot run this model; null when it can. Ends a sentence that begins with its name.
   *
   * @param topology topology JSON, where the model is known
   * @param tensorflowDir see {@link ReplicaSetup}
   */
  unavailable(topology?: string, tensorflowDir?: string): string | null;
  create(setup: ReplicaSetup): Promise<Replica>;
}

/** What every engine is given, checked and with all defaults filled in. */
export interface ReplicaSetup {
  /** Topology JSON. */
  readonly topology: string;
  readonly layout: readonly WeightRange[];
  /** Initial values, copied. */
  readonly parameters: Vector;
  /** Initial values, copied. */
  readonly state: Vector;
  readonly shape: BatchShape;
  readonly loss: LossName;
  readonly normalization: Normalization;
  readonly seed: number;
  /** Threads that may compute; tfjs's wasm uses one in Node. */
  readonly threads: number;
  /** Folder in whose node_modules @tensorflow/tfjs-node(-gpu) is looked for first. */
  readonly tensorflowDir?: string;
  readonly signal?: AbortSignal;
}
