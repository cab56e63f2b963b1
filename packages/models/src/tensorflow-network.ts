/** A topology as forward ops, and its gradient as a walk back over them. */
import { ModelError } from './errors.js';
import { FLOAT, type GraphBuilder, intAttr, type Ref } from './tensorflow-graph.js';
import type { LayerResult, LayerTensor, LayerWeightRef } from './tensorflow-layer.js';
import { unsupported } from './tensorflow-layer.js';
import { layerWriter } from './tensorflow-layers.js';
import { type LayerJson, outputLayer } from './topology.js';

/** What a network is written from. */
export interface NetworkOptions {
  readonly graph: GraphBuilder;
  /** Ends in logits. */
  readonly topology: LayerJson;
  /** [batch, ...input shape] */
  readonly input: Ref;
  readonly training: boolean;
  /** The scalar that dropout draws from; asked for only where it draws. */
  readonly seed: () => Ref;
  /** By layer and name, `dense_1/kernel`. */
  readonly weight: (name: string) => LayerWeightRef | undefined;
}

/** A network's ends. */
export interface Network {
  readonly output: LayerTensor;
  /** Weights that are not trained, after this step, by name. */
  readonly updates: ReadonlyMap<string, Ref>;
  /** Gradients of the trained weights by name, from that of the output. */
  backward(dy: Ref): ReadonlyMap<string, Ref>;
}

interface Layer {
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly string[];
}

interface Written {
  readonly layer: Layer;
  readonly inputs: readonly LayerTensor[];
  readonly result: LayerResult;
  readonly output: LayerTensor;
}

/**
 * Writes the forward ops.
 *
 * @throws ModelError `unsupported`, naming the layer that is not written as a graph
 */
export function writeNetwork(o: NetworkOptions): Network {
  const layers = layersOf(o.topology);
  const last = nameOf(outputLayer(o.topology));
  const updates = new Map<string, Ref>();
  const tape = new Map<string, Written>();
  for (const layer of inOrder(layers, last)) {
    const inputs = layer.inputs.map((name) => (tape.get(name) as Written).output);
    const result =
      layer.className === 'InputLayer' ? inputOf(layer, o.input) : write(layer, inputs, o, updates, tape.size);
    const trained = inputs.some((x) => x.trained) || weightsOf(layer, o).some(([, weight]) => weight.trained);
    tape.set(layer.name, { layer, inputs, result, output: { ref: result.ref, shape: result.shape, trained } });
  }
  const output = (tape.get(last) as Written).output;
  return { output, updates, backward: (dy) => gradients([...tape.values()].reverse(), { ...o, last, dy }) };
}

/** By the chain rule from the last layer to the first: gradients of one tensor, or of one weight, add up. */
function gradients(tape: readonly Written[], o: NetworkOptions & { last: string; dy: Ref }): ReadonlyMap<string, Ref> {
  const { graph } = o;
  const wanted = new Map<string, Ref[]>([[o.last, [o.dy]]]);
  const weights = new Map<string, Ref>();
  for (const { layer, inputs, result, output } of tape) {
    const parts = wanted.get(layer.name);
    if (parts === undefined || !output.trained) continue;
    const back = result.backward(sum(graph, parts));
    layer.inputs.forEach((name, i) => {
      const dx = back.inputs[i];
      if (dx === null || dx === undefined || !inputs[i]?.trained) return;
      wanted.set(name, [...(wanted.get(name) ?? []), dx]);
    });
    for (const [name, ref] of Object.entries(back.weights ?? {})) weights.set(`${layer.name}/${name}`, ref);
    for (const [name, weight] of weightsOf(layer, o)) {
      const penalty = weight.trained ? penaltyGradient(graph, layer, name, weight.ref) : [];
      const key = `${layer.name}/${name}`;
      const gradient = weights.get(key);
      if (penalty.length > 0) weights.set(key, sum(graph, gradient === undefined ? penalty : [gradient, ...penalty]));
    }
  }
  return weights;
}

function sum(graph: GraphBuilder, parts: readonly Ref[]): Ref {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  return graph.op('AddN', parts, { ...FLOAT, N: intAttr(parts.length) });
}

const WEIGHT_NAMES = ['kernel', 'depthwise_kernel', 'bias', 'gamma', 'beta', 'moving_mean', 'moving_variance'];

function weightsOf(layer: Layer, { weight }: NetworkOptions): [string, LayerWeightRef][] {
  return WEIGHT_NAMES.flatMap((name) => {
    const ref = weight(`${layer.name}/${name}`);
    return ref === undefined ? [] : [[name, ref] as [string, LayerWeightRef]];
  });
}

/** l1 Σ|w| + l2 Σw²: l1 sign(w) + 2 l2 w */
function penaltyGradient(graph: GraphBuilder, layer: Layer, name: string, w: Ref): Ref[] {
  // depthwise_kernel has its own under depthwise_regularizer.
  const key = `${name === 'depthwise_kernel' ? 'depthwise' : name}_regularizer`;
  const regularizer = layer.config[key] as
    | { class_name: string; config: { l1?: number; l2?: number } }
    | null
    | undefined;
  if (regularizer === null || regularizer === undefined) return [];
  if (regularizer.class_name !== 'L1L2')
    throw unsupported(layer, `${key} L1L2 expected, got ${regularizer.class_name}`);
  const { l1 = 0, l2 = 0 } = regularizer.config;
  const parts: Ref[] = [];
  if (l1 !== 0) parts.push(graph.op('Mul', [graph.op('Sign', [w], FLOAT), graph.float(l1)], FLOAT));
  if (l2 !== 0) parts.push(graph.op('Mul', [w, graph.float(2 * l2)], FLOAT));
  return parts;
}

function write(
  layer: Layer,
  inputs: readonly LayerTensor[],
  o: NetworkOptions,
  updates: Map<string, Ref>,
  number: number,
) {
  const writer = layerWriter(layer.className);
  if (writer === undefined) throw unsupported(layer, 'not written as a graph');
  if ((layer.config['activity_regularizer'] ?? null) !== null)
    throw unsupported(layer, 'no activity_regularizer expected');
  return writer({
    graph: o.graph,
    ...layer,
    inputs,
    training: o.training,
    seed: { step: o.seed, layer: number },
    weight: (name) => o.weight(`${layer.name}/${name}`),
    update: (name, ref) => updates.set(`${layer.name}/${name}`, ref),
  });
}

function inputOf(layer: Layer, ref: Ref): LayerResult {
  const shape = layer.config['batch_input_shape'] as number[];
  return { ref, shape: shape.slice(1), backward: () => ({ inputs: [] }) };
}

/** The layers that the last one depends on, each after its inputs. */
function inOrder(layers: ReadonlyMap<string, Layer>, last: string): Layer[] {
  const order = new Map<string, Layer>();
  const visit = (name: string) => {
    if (order.has(name)) return;
    const layer = layers.get(name);
    if (layer === undefined) throw new ModelError('bad-model', `topology: a layer ${name} expected`);
    for (const input of layer.inputs) visit(input);
    order.set(name, layer);
  };
  visit(last);
  return [...order.values()];
}

function nameOf(layer: LayerJson): string {
  const config = layer.config as { name?: string };
  return layer.name ?? config.name ?? '';
}

function layersOf({ class_name, config }: LayerJson): ReadonlyMap<string, Layer> {
  const list = Array.isArray(config) ? config : (config.layers ?? []);
  const layers = class_name === 'Sequential' ? chained(list) : list.map(functional);
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  if (byName.size < layers.length) throw new ModelError('unsupported', 'topology: layers of different names expected');
  return byName;
}

/** Each takes what the one before gives; the first names the shape of the input. */
function chained(list: readonly LayerJson[]): Layer[] {
  const layers = list.map((json) => plain(json, []));
  const [first] = layers;
  if (first !== undefined && first.className !== 'InputLayer') {
    // A model as the first layer names no shape.
    if (first.config['batch_input_shape'] === undefined) throw unsupported(first, 'not written as a graph');
    layers.unshift({ name: `${first.name}/input`, className: 'InputLayer', config: first.config, inputs: [] });
  }
  return layers.map((layer, i) => ({ ...layer, inputs: i === 0 ? [] : [layers[i - 1]?.name ?? ''] }));
}

/** inbound_nodes: [[[name, node, tensor, {}], …]], one entry a call. */
function functional(json: LayerJson): Layer {
  const calls = (json.inbound_nodes ?? []) as [string, number, number][][];
  const layer = plain(
    json,
    (calls[0] ?? []).map(([name]) => name),
  );
  if (calls.length > 1) throw unsupported(layer, `a layer that is called once expected, got ${calls.length} calls`);
  return layer;
}

function plain(json: LayerJson, inputs: readonly string[]): Layer {
  const config = Array.isArray(json.config) ? {} : json.config;
  return { name: nameOf(json), className: json.class_name, config, inputs };
}
