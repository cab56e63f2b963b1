/** A replica whose model runs on the C++ engine of @weft/native, on a thread of its own. */
import { addon, Engine, type EngineOptimizer, NativeError, type Vector } from '@weft/native';
import { type BatchShape, checkBatch, checkInputs } from './batch.js';
import type { ReplicaSetup } from './engine-slot.js';
import { ModelError, type ModelErrorCode, messageOf } from './errors.js';
import { compilePlan } from './native-plan.js';
import type { Batch, Replica, Scores, WeightRange } from './replica.js';

/** A replica that also takes whole optimizer steps. */
export interface NativeReplica extends Replica {
  /**
   * gradient() and the optimizer's step, in one: `parameters` change, `gradients` are not to be read afterwards.
   *
   * @throws ModelError `bad-batch`, `not-finite` with the parameters as they were, `disposed`
   */
  step(batch: Batch, optimizer: EngineOptimizer): Promise<Scores>;
}

/**
 * Why the native engine cannot run here, or not this model; null when it can.
 *
 * @param topology topology JSON, where the model is known
 * @example nativeUnavailable() // 'is not built: npm run setup builds it where a compiler and oneDNN are'
 */
export function nativeUnavailable(topology?: string): string | null {
  const found = addon();
  if (!found.ok) return `is ${found.reason}`;
  if (topology === undefined) return null;
  try {
    // Loss, seed and threads do not matter for what is known.
    compilePlan(topology, { loss: 'mean-squared-error', normalization: { scale: 1, shift: 0 }, seed: 0, threads: 1 });
    return null;
  } catch (error) {
    if (error instanceof ModelError && error.code === 'unsupported') return `cannot run this model: ${error.message}`;
    throw error;
  }
}

/**
 * Compiles the model and copies its weights in.
 *
 * @throws ModelError `unsupported` for a layer that the engine does not know, `engine-unavailable` where there is no addon
 */
export async function createNativeReplica(setup: ReplicaSetup): Promise<NativeReplica> {
  setup.signal?.throwIfAborted();
  const plan = compilePlan(setup.topology, setup);
  try {
    return new EngineReplica(new Engine(plan), setup);
  } catch (error) {
    throw translated(error);
  }
}

const CODES: Readonly<Partial<Record<NativeError['code'], ModelErrorCode>>> = {
  'no-addon': 'engine-unavailable',
  'bad-plan': 'bad-model',
  'bad-batch': 'bad-batch',
  'bad-argument': 'bad-argument',
  'not-finite': 'not-finite',
  disposed: 'disposed',
};

function translated(error: unknown): unknown {
  if (!(error instanceof NativeError)) return error;
  return new ModelError(CODES[error.code] ?? 'worker-failed', messageOf(error), { cause: error });
}

class EngineReplica implements NativeReplica {
  readonly engine: string;
  readonly layout: readonly WeightRange[];
  readonly parameters: Vector;
  readonly gradients: Vector;
  readonly state: Vector;
  readonly #engine: Engine;
  readonly #shape: BatchShape;
  #steps = 0;

  constructor(engine: Engine, { layout, parameters, state, shape }: ReplicaSetup) {
    const found = addon();
    this.engine = found.ok ? `native-${found.addon.kernels}` : 'native';
    this.layout = layout;
    this.parameters = engine.parameters;
    this.gradients = engine.gradients;
    this.state = engine.state;
    this.parameters.set(parameters);
    this.state.set(state);
    this.#engine = engine;
    this.#shape = shape;
  }

  gradient(batch: Batch): Promise<Scores> {
    return this.#scored(`step ${++this.#steps}`, batch, () => this.#engine.gradient(batch));
  }

  step(batch: Batch, optimizer: EngineOptimizer): Promise<Scores> {
    return this.#scored(`step ${++this.#steps}`, batch, () => this.#engine.step(batch, optimizer));
  }

  evaluate(batch: Batch): Promise<Scores> {
    return this.#scored('evaluation', batch, () => this.#engine.evaluate(batch));
  }

  async predict(batch: Pick<Batch, 'inputs' | 'size'>): Promise<Vector> {
    checkInputs(batch, this.#shape);
    try {
      return await this.#engine.predict(batch);
    } catch (error) {
      throw translated(error);
    }
  }

  dispose(): void {
    this.#engine.dispose();
  }

  async #scored(where: string, batch: Batch, run: () => Promise<Scores>): Promise<Scores> {
    checkBatch(batch, this.#shape);
    try {
      const scores = await run();
      if (Number.isFinite(scores.loss)) return scores;
      throw new NativeError('not-finite', `a finite loss expected, got ${scores.loss}`);
    } catch (error) {
      const known = translated(error);
      if (!(known instanceof ModelError) || known.code !== 'not-finite') throw known;
      throw new ModelError('not-finite', `${where}: ${known.message}; lower the learning rate, or look at the inputs`, {
        cause: error,
      });
    }
  }
}
