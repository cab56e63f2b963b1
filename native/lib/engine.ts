/** The engine: trains and evaluates a plan in C++, on a thread of its own. */
import { NativeError, type NativeErrorCode } from './errors.js';
import { addon, type NativeEngine } from './native.js';
import { type EnginePlan, featuresOf } from './plan.js';
import type { Vector } from './vector.js';

/** The samples of one call. They are copied at the call: the arrays may be written again at once. */
export interface EngineBatch {
  /** size × features values, row-major, channels last. */
  readonly inputs: Uint8Array | Float32Array;
  /** One class index a sample, or rows of size × outputs values. */
  readonly targets: Uint16Array | Float32Array;
  /** One weight a sample; 1 where absent. */
  readonly weights?: Float32Array;
  readonly size: number;
}

export interface EngineScores {
  /** (1/size) Σ weight · loss, regularisation not included. */
  readonly loss: number;
  /** Samples whose largest output is that of their class. */
  readonly correct: number;
  readonly size: number;
}

/** An optimizer step; formulas in step.ts. The engine keeps the optimizer's own vectors. */
export type EngineOptimizer =
  | { readonly kind: 'sgd'; readonly learningRate: number }
  | { readonly kind: 'momentum'; readonly learningRate: number; readonly momentum: number; readonly nesterov: boolean }
  | { readonly kind: 'adagrad'; readonly learningRate: number; readonly epsilon: number }
  | { readonly kind: 'rmsprop'; readonly learningRate: number; readonly rho: number; readonly epsilon: number }
  | {
      readonly kind: 'adam';
      readonly learningRate: number;
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
    };

/** Time of one layer, summed over samples and steps; of the first thread where there are several. */
export interface LayerProfile {
  /** Which code computes it: 'winograd+pool', 'dense', 'onednn', … */
  readonly kind: string;
  readonly name: string;
  readonly forwardMs: number;
  readonly backwardMs: number;
}

const GRADIENT = 0;
const STEP = 1;
const EVALUATE = 2;
const PREDICT = 3;
const MAX_BATCH = 1 << 24;

/**
 * A compiled plan and its vectors. Calls are done one after the other, in order, off the main thread.
 *
 * `parameters`, `gradients` and `state` are the engine's own memory: write parameters while no call is pending.
 *
 * @example
 * const engine = new Engine({ tensors: [{ channels: 2 }, { channels: 3 }], input: 0, output: 1,
 *   ops: [{ kind: 'dense', name: 'd', inputs: [0], output: 1, kernel: 0, bias: 6 }],
 *   regularizers: [], parameters: 9, state: 0, loss: 'softmaxCrossEntropy', head: 'softmax' });
 * await engine.gradient({ inputs: new Float32Array([1, 2]), targets: new Uint16Array([2]), size: 1 }); // loss: log 3
 */
export class Engine {
  readonly plan: EnginePlan;
  /** Flat, in the order of the plan's offsets. */
  readonly parameters: Vector;
  /** Filled by gradient(); step() leaves what it likes. */
  readonly gradients: Vector;
  /** Moving statistics and frozen weights. */
  readonly state: Vector;
  /** null once disposed. */
  #native: NativeEngine | null;
  readonly #features: number;
  readonly #outputs: number;

  /** @throws NativeError `no-addon`, `bad-plan` */
  constructor(plan: EnginePlan) {
    const found = addon();
    if (!found.ok) throw new NativeError('no-addon', `native engine: ${found.reason}`);
    const input = plan.tensors[plan.input];
    const output = plan.tensors[plan.output];
    if (input === undefined || output === undefined)
      throw new NativeError('bad-plan', 'plan: input and output tensors expected');
    this.plan = plan;
    this.#features = featuresOf(input);
    this.#outputs = featuresOf(output);
    const native = attempt(() => new found.addon.Engine({ ...plan, threads: plan.threads ?? 1 }));
    this.#native = native;
    this.parameters = native.parameters;
    this.gradients = native.gradients;
    this.state = native.state;
  }

  /**
   * The mean gradient over a batch, into `gradients`, regularisation included. Moving statistics advance.
   *
   * @throws NativeError `bad-batch`, `not-finite`, `disposed`
   */
  async gradient(batch: EngineBatch): Promise<EngineScores> {
    return (await this.#run(GRADIENT, batch)) as EngineScores;
  }

  /**
   * The gradient and one step of the optimizer; parameters change. Plain SGD goes into the parameters as the gradient is
   * computed, so `gradients` does not hold it afterwards. A loss that is not finite leaves the parameters as they were.
   *
   * @throws NativeError `bad-batch`, `bad-argument`, `not-finite`, `disposed`
   */
  async step(batch: EngineBatch, optimizer: EngineOptimizer): Promise<EngineScores> {
    if (!(optimizer.learningRate >= 0) || !Number.isFinite(optimizer.learningRate)) {
      throw new NativeError(
        'bad-argument',
        `step: a learning rate of 0 or more expected, got ${optimizer.learningRate}`,
      );
    }
    return (await this.#run(STEP, batch, optimizer)) as EngineScores;
  }

  /** Loss and number of correct predictions, in inference mode. @throws NativeError `bad-batch`, `disposed` */
  async evaluate(batch: EngineBatch): Promise<EngineScores> {
    return (await this.#run(EVALUATE, batch)) as EngineScores;
  }

  /** size × outputs values behind the head. @throws NativeError `bad-batch`, `disposed` */
  async predict(batch: Pick<EngineBatch, 'inputs' | 'size'>): Promise<Vector> {
    return (await this.#run(PREDICT, { ...batch, targets: new Uint16Array(0) })) as Vector;
  }

  /** Times by layer since the last call; the first call begins to count and returns none. @throws NativeError `busy`, `disposed` */
  profile(): LayerProfile[] {
    const native = this.#open();
    return attempt(() => native.profile());
  }

  /** Weights copied between oneDNN's layouts and the flat vectors so far. @throws NativeError `busy`, `disposed` */
  reorders(): number {
    const native = this.#open();
    return attempt(() => native.reorders());
  }

  /** Frees the engine once what is pending is answered. The vectors stay readable. Idempotent. */
  dispose(): void {
    this.#native?.dispose();
    this.#native = null;
  }

  #open(): NativeEngine {
    if (this.#native === null) throw new NativeError('disposed', 'engine: disposed');
    return this.#native;
  }

  async #run(kind: number, batch: EngineBatch, optimizer: EngineOptimizer | null = null): Promise<unknown> {
    const native = this.#open();
    this.#check(kind, batch);
    const targets = kind === PREDICT ? null : batch.targets;
    try {
      return await native.run(kind, batch.inputs, targets, batch.weights ?? null, batch.size, optimizer);
    } catch (error) {
      throw wrapped(error);
    }
  }

  #check(kind: number, batch: EngineBatch): void {
    const { inputs, targets, weights, size } = batch;
    if (!Number.isSafeInteger(size) || size < 1 || size > MAX_BATCH) {
      throw new NativeError('bad-batch', `batch: a size from 1 to ${MAX_BATCH} expected, got ${size}`);
    }
    sameLength('inputs', size * this.#features, inputs);
    if (weights !== undefined) sameLength('weights', size, weights);
    if (kind !== PREDICT) sameLength('targets', targets instanceof Uint16Array ? size : size * this.#outputs, targets);
  }
}

function sameLength(
  what: string,
  expected: number,
  array: { readonly length: number; readonly buffer: ArrayBufferLike },
): void {
  if (array.length === expected) return;
  // Node 20 has no ArrayBuffer.detached: a detached buffer is one of no bytes.
  const detached = array.buffer.byteLength === 0 ? ' (a detached buffer?)' : '';
  throw new NativeError('bad-batch', `batch: ${what} of ${expected} values expected, got ${array.length}${detached}`);
}

function attempt<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw wrapped(error);
  }
}

function wrapped(error: unknown): NativeError {
  const { code, message } = error as { code?: NativeErrorCode; message?: string };
  return new NativeError(code ?? 'engine-failed', message ?? String(error), { cause: error });
}
