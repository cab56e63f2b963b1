/** The translation of a LayersModel into the native engine's plan. */
import type { EngineHead, EngineLoss, EngineOp, EnginePlan, EngineRegularizer, EngineTensor } from '@weft/native';
import { ModelError } from './errors.js';
import { withLogits } from './head.js';
import type { LossName } from './loss.js';
import { nativeOps } from './native-layers.js';
import { layoutOf, stateLayoutOf } from './parameters.js';
import type { tf } from './tf.js';
import { modelFromJson } from './topology.js';

/** What the plan takes from the replica's setup. */
export interface PlanOptions {
  readonly loss: LossName;
  /** For uint8 inputs. */
  readonly normalization: { readonly scale: number; readonly shift: number };
  readonly seed: number;
  readonly threads: number;
}

/** Where a weight lies. */
export interface WeightPlace {
  readonly offset: number;
  readonly frozen: boolean;
}

/** What grows while layers are translated. */
export interface PlanBuilder {
  tensor(shape: readonly (number | null)[], layer: string): number;
  op(op: EngineOp): void;
  regularizer(regularizer: EngineRegularizer): void;
  /** The place of a layer's weight by the end of its name, such as 'kernel'; undefined where the layer has none. */
  weight(layer: tf.layers.Layer, name: string): WeightPlace | undefined;
  readonly tensors: readonly EngineTensor[];
}

const LOSSES: Readonly<Record<LossName, EngineLoss>> = {
  'categorical-crossentropy': 'softmaxCrossEntropy',
  'binary-crossentropy': 'binaryCrossEntropy',
  'mean-squared-error': 'meanSquaredError',
};

/**
 * Compiles a topology.
 *
 * @param topology topology JSON
 * @throws ModelError `unsupported`, naming the layer that the engine does not know
 * @example new Engine(compilePlan(modelToJson(model), { loss, normalization, seed: 0, threads: 1 }))
 */
export function compilePlan(topology: string, o: PlanOptions): EnginePlan {
  const { json, head } = withLogits(topology);
  const model = modelFromJson(json);
  try {
    return planOf(model, head, o);
  } finally {
    model.dispose();
  }
}

function planOf(model: tf.LayersModel, head: EngineHead, o: PlanOptions): EnginePlan {
  const tensors: EngineTensor[] = [];
  const ops: EngineOp[] = [];
  const regularizers: EngineRegularizer[] = [];
  const places = weightPlaces(model);
  const builder: PlanBuilder = {
    tensors,
    tensor: (shape, layer) => tensors.push(engineTensor(shape, layer)) - 1,
    op: (op) => ops.push(op),
    regularizer: (regularizer) => regularizers.push(regularizer),
    weight: (layer, name) => {
      const found = layer.weights.find((w) => w.originalName.split('/').at(-1) === name);
      return found && places.get(found.id);
    },
  };
  const [from] = model.inputs;
  const [to] = model.outputs;
  if (from === undefined || to === undefined || model.inputs.length !== 1 || model.outputs.length !== 1) {
    throw new ModelError('unsupported', `model ${model.name}: one input and one output expected`);
  }
  const input = builder.tensor(from.shape.slice(1), model.name);
  const output = new Walk(builder).visit(to, new Map([[from.id, input]]));
  return {
    tensors,
    input,
    output,
    ops,
    regularizers,
    parameters: lengthOf(layoutOf(model)),
    state: lengthOf(stateLayoutOf(model)),
    inputScale: o.normalization.scale,
    inputShift: o.normalization.shift,
    loss: LOSSES[o.loss],
    head,
    threads: o.threads,
    seed: o.seed,
  };
}

/** Follows tensors back to the input, entering nested models; each is made once. */
class Walk {
  readonly #builder: PlanBuilder;
  readonly #used = new Set<string>();

  constructor(builder: PlanBuilder) {
    this.#builder = builder;
  }

  /** @param made indexes of tensors that exist already, by id, within one call of one model */
  visit(tensor: tf.SymbolicTensor, made: Map<number, number>): number {
    const known = made.get(tensor.id);
    if (known !== undefined) return known;
    const layer = tensor.sourceLayer;
    const node = layer.inboundNodes[tensor.nodeIndex];
    if (node === undefined) throw new ModelError('unsupported', `layer ${layer.name}: an input of the model expected`);
    // One after the other, so that the first input's operations come first, whatever its depth.
    const inputs: number[] = [];
    for (const from of node.inputTensors) inputs.push(this.visit(from, made));
    const index = this.#apply(layer, tensor, inputs);
    made.set(tensor.id, index);
    return index;
  }

  #apply(layer: tf.layers.Layer, tensor: tf.SymbolicTensor, inputs: number[]): number {
    const nested = layer as Partial<tf.LayersModel>;
    if (nested.layers !== undefined && nested.inputs !== undefined && nested.outputs !== undefined) {
      const inner = new Map(nested.inputs.map((t, i) => [t.id, inputs[i] as number]));
      return this.visit(nested.outputs[tensor.outputTensorIndex ?? 0] as tf.SymbolicTensor, inner);
    }
    if (layer.weights.length > 0 && this.#used.has(layer.name)) {
      throw new ModelError('unsupported', `layer ${layer.name}: one call expected, its weights are shared`);
    }
    this.#used.add(layer.name);
    return nativeOps(layer, { inputs, shape: tensor.shape.slice(1) }, this.#builder);
  }
}

function engineTensor(shape: readonly (number | null)[], layer: string): EngineTensor {
  const [a, b, c] = shape as readonly number[];
  const known = shape.every((n) => n !== null && n > 0);
  if (known && shape.length === 1) return { channels: a as number };
  if (known && shape.length === 2) return { width: a as number, channels: b as number };
  if (known && shape.length === 3) return { height: a as number, width: b as number, channels: c as number };
  throw new ModelError(
    'unsupported',
    `layer ${layer}: one to three fixed dimensions expected, got [${shape.join(', ')}]`,
  );
}

function weightPlaces(model: tf.LayersModel): Map<number, WeightPlace> {
  const places = new Map<number, WeightPlace>();
  const layout = layoutOf(model);
  model.trainableWeights.forEach((w, i) => {
    places.set(w.id, { offset: layout[i]?.offset ?? 0, frozen: false });
  });
  const state = stateLayoutOf(model);
  model.nonTrainableWeights.forEach((w, i) => {
    places.set(w.id, { offset: state[i]?.offset ?? 0, frozen: true });
  });
  return places;
}

function lengthOf(layout: readonly { offset: number; length: number }[]): number {
  const last = layout.at(-1);
  return last === undefined ? 0 : last.offset + last.length;
}
