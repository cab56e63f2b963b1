/** Loss, gradient and outputs of a model by one TensorFlow graph, in the thread that calls. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Vector } from '@weft/native';
import { describeModel } from './description.js';
import { ModelError } from './errors.js';
import { layoutOf, stateLayoutOf } from './parameters.js';
import type { Batch, Scores } from './replica.js';
import type { ReplicaStep } from './replica-thread.js';
import { encodeSavedModel } from './saved-model-proto.js';
import { mixSeed } from './seed.js';
import type { SavedModelSignature, TensorflowLibrary } from './tensorflow-library.js';
import { type SignatureName, writeProgram } from './tensorflow-program.js';
import { tf } from './tf.js';
import type { TfjsStepOptions } from './tfjs-step.js';
import { modelFromJson } from './topology.js';

type Tensors = Record<string, tf.Tensor>;

/** One model as a graph. The vectors are read and written in place. */
export class TensorflowStep implements ReplicaStep {
  readonly #o: TfjsStepOptions;
  readonly #inputShape: readonly number[];
  readonly #outputs: number;
  readonly #signatures: ReadonlyMap<string, SavedModelSignature>;
  readonly #seeded: boolean;
  #ones: Vector = new Float32Array(0);
  #steps = 0;

  private constructor(o: TfjsStepOptions, model: ReturnType<typeof describe>, loaded: Loaded) {
    this.#o = o;
    this.#inputShape = model.inputShape;
    this.#outputs = model.shape.outputs;
    this.#signatures = loaded.signatures;
    this.#seeded = loaded.seeded;
  }

  /**
   * Writes the graph and loads it.
   *
   * @throws ModelError `unsupported`, naming the layer that is not written as a graph
   */
  static async create(o: TfjsStepOptions, library: TensorflowLibrary): Promise<TensorflowStep> {
    const model = describe(o.topology);
    const content = writeProgram({ ...o, ...model });
    const seeded = content.nodes.some(({ name }) => name === 'seed');
    const names = Object.keys(content.signatures);
    const signatures = await load(library, encodeSavedModel(content), names);
    return new TensorflowStep(o, model, { signatures, seeded });
  }

  /**
   * Mean gradient over the batch into `gradients`: of (1/size) Σ_i w_i loss_i + Σ regularisers. `state` is read, and holds
   * the new moving statistics afterwards.
   *
   * @throws ModelError `not-finite`, with `gradients` and `state` as they were
   */
  gradient(batch: Batch): Scores {
    const { gradients, state, seed } = this.#o;
    const step = ++this.#steps;
    const draw: () => Tensors = () => (this.#seeded ? { seed: int32(mixSeed(seed, step)) } : {});
    return this.#run(
      `train/${kindsOf(batch)}`,
      () => ({ ...this.#batch(batch), ...draw() }),
      (outputs) => {
        const scores = scoresOf(outputs, batch.size, `step ${step}`);
        gradients.set(valuesOf(outputs['gradients']));
        if (state.length > 0) state.set(valuesOf(outputs['state']));
        return scores;
      },
    );
  }

  /** Loss and number of correct predictions, in inference mode. @throws ModelError `not-finite` */
  evaluate(batch: Batch): Scores {
    return this.#run(
      `evaluate/${kindsOf(batch)}`,
      () => this.#batch(batch),
      (outputs) => scoresOf(outputs, batch.size, 'evaluation'),
    );
  }

  /** Outputs in inference mode, size × outputs, into `out`. */
  predict(batch: Pick<Batch, 'inputs' | 'size'>, out: Vector): void {
    this.#run(
      `predict/${inputKind(batch)}`,
      () => this.#inputs(batch),
      (outputs) => out.set(valuesOf(outputs['outputs'])),
    );
  }

  /** Frees the session. */
  dispose(): void {
    for (const signature of this.#signatures.values()) signature.dispose();
  }

  #run<T>(name: SignatureName, inputs: () => Tensors, read: (outputs: Tensors) => T): T {
    const signature = this.#signatures.get(name) as SavedModelSignature;
    let result: T | undefined;
    // tidy frees what is fed; what is fetched is made outside tfjs's engine, and freed by hand.
    tf.tidy(() => {
      const outputs = signature.predict(inputs());
      try {
        result = read(outputs);
      } finally {
        tf.dispose(outputs);
      }
    });
    return result as T;
  }

  #batch(batch: Batch): Tensors {
    const { targets, size } = batch;
    const rows = targets instanceof Float32Array;
    return {
      ...this.#inputs(batch),
      targets: rows ? tf.tensor2d(targets, [size, this.#outputs]) : tf.tensor1d(new Int32Array(targets), 'int32'),
      weights: tf.tensor1d(batch.weights ?? this.#onesOf(size)),
    };
  }

  #inputs({ inputs, size }: Pick<Batch, 'inputs' | 'size'>): Tensors {
    const { parameters, state } = this.#o;
    return {
      parameters: tf.tensor1d(parameters as Float32Array),
      ...(state.length > 0 && { state: tf.tensor1d(state as Float32Array) }),
      size: int32(size),
      inputs:
        inputs instanceof Float32Array
          ? tf.tensor(inputs, [size, ...this.#inputShape])
          : tf.tensor1d(packBytes(inputs), 'int32'),
    };
  }

  #onesOf(size: number): Float32Array {
    if (this.#ones.length < size) this.#ones = new Float32Array(size).fill(1);
    return this.#ones.subarray(0, size) as Float32Array;
  }
}

interface Loaded {
  readonly signatures: ReadonlyMap<string, SavedModelSignature>;
  readonly seeded: boolean;
}

/** The library reads folders only; this one is gone again once it has. */
async function load(
  library: TensorflowLibrary,
  bytes: Uint8Array,
  names: readonly string[],
): Promise<Loaded['signatures']> {
  const dir = await mkdtemp(join(tmpdir(), 'weft-tensorflow-'));
  try {
    await writeFile(join(dir, 'saved_model.pb'), bytes);
    const signatures = new Map<string, SavedModelSignature>();
    // One after another: the first opens the session that the others share.
    for (const name of names) signatures.set(name, await library.node.loadSavedModel(dir, ['serve'], name));
    return signatures;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function describe(topology: string) {
  const model = modelFromJson(topology);
  try {
    const { inputShape, features, outputs } = describeModel(model);
    return { inputShape, shape: { features, outputs }, layout: layoutOf(model), stateLayout: stateLayoutOf(model) };
  } finally {
    model.dispose();
  }
}

/** uint8 values four to an int32, the last filled up; a view where the memory allows it. */
function packBytes(bytes: Uint8Array): Int32Array {
  const words = Math.ceil(bytes.length / 4);
  const fits = bytes.byteOffset % 4 === 0 && bytes.byteOffset + 4 * words <= bytes.buffer.byteLength;
  if (fits) return new Int32Array(bytes.buffer, bytes.byteOffset, words);
  const padded = new Uint8Array(4 * words);
  padded.set(bytes);
  return new Int32Array(padded.buffer);
}

const inputKind = ({ inputs }: Pick<Batch, 'inputs'>) => (inputs instanceof Float32Array ? 'floats' : 'bytes');
const kindsOf = (batch: Batch) =>
  `${inputKind(batch)}/${batch.targets instanceof Float32Array ? 'rows' : 'labels'}` as const;

/** uint32 seeds keep their bits. */
const int32 = (value: number) => tf.scalar(value | 0, 'int32');

const valuesOf = (tensor: tf.Tensor | undefined) => (tensor as tf.Tensor).dataSync() as Float32Array;

function scoresOf(outputs: Tensors, size: number, where: string): Scores {
  const loss = valuesOf(outputs['loss'])[0]!;
  if (!Number.isFinite(loss)) {
    throw new ModelError(
      'not-finite',
      `${where}: a finite loss expected, got ${loss}; lower the learning rate, or look at the inputs`,
    );
  }
  return { loss, correct: valuesOf(outputs['correct'])[0]!, size };
}
