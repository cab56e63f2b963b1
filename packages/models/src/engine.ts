/** Engines behind Replica, and the choice between them. */
import { describeModel } from './description.js';
import type { Engine, EngineName, ReplicaSetup } from './engine-slot.js';
import { ModelError } from './errors.js';
import { chooseLoss, type LossName } from './loss.js';
import { createNativeReplica, nativeUnavailable } from './native-replica.js';
import { getParameters, getState, layoutOf } from './parameters.js';
import type { Replica } from './replica.js';
import { createTensorflowReplica, tensorflowUnavailable } from './tensorflow-replica.js';
import type { tf } from './tf.js';
import { createTfjsReplica } from './tfjs-replica.js';
import type { Normalization } from './tfjs-step.js';
import { modelFromJson, modelToJson } from './topology.js';

/** In the order in which `auto` asks. */
const ENGINES: readonly Engine[] = [
  { name: 'native', unavailable: nativeUnavailable, create: createNativeReplica },
  {
    name: 'tensorflow',
    unavailable: (_, tensorflowDir) => tensorflowUnavailable(tensorflowDir),
    create: createTensorflowReplica,
  },
  { name: 'tfjs', unavailable: () => null, create: createTfjsReplica },
];

/** uint8 → [0, 1]. */
const DEFAULT_NORMALIZATION: Normalization = { scale: 1 / 255, shift: 0 };

/** What a replica is made from. */
export interface ReplicaOptions {
  /** The model, whose weights are copied; or topology JSON, whose weights are drawn by its initialisers. */
  readonly model: tf.LayersModel | string;
  /** 'auto' by default. */
  readonly engine?: EngineName;
  /** By default the one that fits the head: see {@link chooseLoss}. */
  readonly loss?: LossName;
  /** For uint8 inputs: x ← scale · x + shift; 1/255 and 0 by default. */
  readonly normalization?: Normalization;
  /** Of Dropout; 0 by default. */
  readonly seed?: number;
  /** Threads that compute; 1 by default. tfjs uses one whatever is asked. */
  readonly threads?: number;
  /** Folder that `npm run setup -- --tensorflow` made; else @tensorflow/tfjs-node(-gpu) is taken from where Node finds it. */
  readonly tensorflowDir?: string;
  /** Aborts the start; a replica that has started is ended by dispose(). */
  readonly signal?: AbortSignal;
}

/**
 * Which engine a model gets, and why, in one line.
 *
 * @param o.engine 'auto' by default: the first of native, tensorflow, tfjs that can
 * @param o.model topology JSON, for engines that know only some layers
 * @param o.tensorflowDir see {@link ReplicaOptions}
 * @throws ModelError `engine-unavailable` when the engine asked for cannot run here, `bad-argument` for an unknown one
 * @example chooseEngine().reason // 'slow, but native is not built, tensorflow is not set up here (npm run setup -- --tensorflow)'
 */
export function chooseEngine(o: { engine?: EngineName; model?: string; tensorflowDir?: string } = {}): {
  engine: Engine['name'];
  reason: string;
} {
  const { engine, reason } = selectEngine(o);
  return { engine: engine.name, reason };
}

/**
 * A replica of a model on the engine asked for. The model itself is not changed and not kept.
 *
 * @throws ModelError `engine-unavailable`; `unsupported` for several inputs or outputs, weight constraints, or a loss that
 *   does not fit the head; `worker-failed` when the engine does not start
 * @example
 * const replica = await createReplica({ model: createModel('mlp', { seed: 1 }) });
 * const { loss } = await replica.gradient({ inputs, targets, size: 128 });
 * sgdStep(replica.parameters, replica.gradients, 0.1);
 * replica.dispose();
 */
export async function createReplica(o: ReplicaOptions): Promise<Replica> {
  const own = typeof o.model === 'string';
  const model = typeof o.model === 'string' ? modelFromJson(o.model) : o.model;
  try {
    const topology = modelToJson(model);
    const selection: NonNullable<Selection> = { model: topology };
    if (o.engine !== undefined) selection.engine = o.engine;
    if (o.tensorflowDir !== undefined) selection.tensorflowDir = o.tensorflowDir;
    return await startFirst(selectEngines(selection), setupOf(model, topology, o));
  } finally {
    if (own) model.dispose();
  }
}

function setupOf(model: tf.LayersModel, topology: string, o: ReplicaOptions): ReplicaSetup {
  const { features, outputs, outputShape, head } = describeModel(model);
  const loss = chooseLoss(head, o.loss);
  const needsClasses = loss === 'categorical-crossentropy' || head === 'softmax';
  if (needsClasses && (outputShape.length !== 1 || outputs < 2)) {
    throw new ModelError(
      'unsupported',
      `loss ${loss}: outputs of one row of classes expected, got [${outputShape.join(', ')}]`,
    );
  }
  const constrained = model.trainableWeights.find(
    (weight) => weight.constraint !== null && weight.constraint !== undefined,
  );
  if (constrained !== undefined) {
    throw new ModelError(
      'unsupported',
      `model ${model.name}: weights without constraints expected, ${constrained.originalName} has one`,
    );
  }
  return {
    topology,
    layout: layoutOf(model),
    parameters: getParameters(model),
    state: getState(model),
    shape: { features, outputs },
    loss,
    normalization: o.normalization ?? DEFAULT_NORMALIZATION,
    seed: o.seed ?? 0,
    threads: o.threads ?? 1,
    ...(o.tensorflowDir !== undefined && { tensorflowDir: o.tensorflowDir }),
    ...(o.signal && { signal: o.signal }),
  };
}

/** With 'auto' a library that is there but does not load makes way for the next engine. */
async function startFirst([first, ...others]: readonly Engine[], setup: ReplicaSetup): Promise<Replica> {
  try {
    return await (first as Engine).create(setup);
  } catch (error) {
    const next = error instanceof ModelError && error.code === 'engine-unavailable' && others.length > 0;
    if (next) return startFirst(others, setup);
    throw error;
  }
}

type Selection = Parameters<typeof chooseEngine>[0];

/** The one that is asked for; with 'auto' all that can, in order. */
function selectEngines(o: NonNullable<Selection>): readonly Engine[] {
  const { engine } = selectEngine(o);
  if ((o.engine ?? 'auto') !== 'auto') return [engine];
  return ENGINES.filter(({ unavailable }) => unavailable(o.model, o.tensorflowDir) === null);
}

function selectEngine(o: NonNullable<Selection>): { engine: Engine; reason: string } {
  const asked = o.engine ?? 'auto';
  if (asked !== 'auto') {
    const engine = ENGINES.find(({ name }) => name === asked);
    if (engine === undefined) {
      const names = ['auto', ...ENGINES.map(({ name }) => name)];
      throw new ModelError('bad-argument', `engine: one of ${names.join(', ')} expected, got ${String(asked)}`);
    }
    const problem = engine.unavailable(o.model, o.tensorflowDir);
    if (problem !== null)
      throw new ModelError('engine-unavailable', `engine ${engine.name} ${problem}; tfjs always works`);
    return { engine, reason: 'asked for' };
  }
  const problems: string[] = [];
  for (const engine of ENGINES) {
    const problem = engine.unavailable(o.model, o.tensorflowDir);
    if (problem === null) return { engine, reason: reasonOf(engine, problems) };
    problems.push(`${engine.name} ${problem}`);
  }
  throw new ModelError('engine-unavailable', `no engine can run here: ${problems.join(', ')}`);
}

function reasonOf(engine: Engine, problems: readonly string[]): string {
  if (problems.length === 0) return 'the fastest here';
  return `${engine.name === 'tfjs' ? 'slow, but ' : ''}${problems.join(', ')}`;
}
