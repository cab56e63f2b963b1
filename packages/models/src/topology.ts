/** Topologies without weights, in the JSON that tfjs and Keras share: what crosses the wire to workers. */
import { ModelError, messageOf } from './errors.js';
import { tf } from './tf.js';

/** A layer or a model in a topology. */
export interface LayerJson {
  class_name: string;
  config: { name?: string; layers?: LayerJson[]; output_layers?: unknown; [key: string]: unknown } | LayerJson[];
  name?: string;
  inbound_nodes?: unknown[];
}

/**
 * The topology of a model as JSON, in the format of `modelTopology` in a model.json. No weights.
 *
 * @example const copy = modelFromJson(modelToJson(model)); // same layers, freshly drawn weights
 */
export function modelToJson(model: tf.LayersModel): string {
  return model.toJSON(null, true) as string;
}

/**
 * Builds the model of a topology; weights are drawn by its initialisers.
 *
 * @param json what {@link modelToJson} gave, or the `modelTopology` of a model.json
 * @throws ModelError `bad-model` when it is no topology, or names a layer that tfjs does not know
 */
export function modelFromJson(json: string): tf.LayersModel {
  const topology = parseTopology(json);
  const known = tf.serialization.SerializationMap.getMap().classNameMap[topology.class_name];
  if (known === undefined) throw new ModelError('bad-model', `topology: unknown model class ${topology.class_name}`);
  const [modelClass, fromConfig] = known;
  try {
    const config = toCamelCaseKeys(topology.config) as tf.serialization.ConfigDict;
    return fromConfig(modelClass, config) as tf.LayersModel;
  } catch (cause) {
    throw new ModelError('bad-model', `topology: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Parses a topology down to its outermost model.
 *
 * @throws ModelError `bad-model`
 */
export function parseTopology(json: string): LayerJson {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new ModelError('bad-model', `topology: JSON expected, ${messageOf(cause)}`, { cause });
  }
  // Keras's own exports wrap the model once more.
  const topology = isObject(parsed) && 'model_config' in parsed ? parsed.model_config : parsed;
  if (isObject(topology) && 'class_name' in topology && typeof topology.class_name === 'string') {
    if ('config' in topology && isObject(topology.config)) return topology as LayerJson;
  }
  throw new ModelError('bad-model', 'topology: an object with class_name and config expected');
}

/**
 * The layer whose output is the model's: the last of a Sequential, the one named by output_layers of a functional
 * model; a nested model is entered.
 *
 * @throws ModelError `unsupported` for several outputs
 */
export function outputLayer(topology: LayerJson): LayerJson {
  const { config } = topology;
  const layers = Array.isArray(config) ? config : config.layers;
  if (layers === undefined) return topology;
  let last = layers.at(-1);
  if (!Array.isArray(config) && config.output_layers !== undefined) {
    // [[name, node, tensor], …], or [name, node, tensor] for a single output.
    const outputs = config.output_layers as unknown[];
    const names = typeof outputs[0] === 'string' ? [outputs[0]] : outputs.map((o) => (o as unknown[])[0]);
    if (names.length !== 1) throw new ModelError('unsupported', `model: one output expected, got ${names.length}`);
    last = layers.find((layer) => layer.name === names[0] || nameOf(layer) === names[0]);
  }
  if (last === undefined) throw new ModelError('bad-model', 'topology: a model with an output layer expected');
  return outputLayer(last);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function nameOf(layer: LayerJson): string | undefined {
  return Array.isArray(layer.config) ? undefined : layer.config.name;
}

/**
 * Keras writes snake_case, tfjs builds from camelCase. Strings that are values change too (they name padding modes and the
 * like), but names of layers must not: those under `name`, and the first of an entry of the node and output lists.
 */
function toCamelCaseKeys(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return toCamelCase(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const namesFirst = key === 'inboundNodes' || key === 'inputLayers' || key === 'outputLayers';
    return value.map((item, i) =>
      namesFirst && i === 0 && typeof item === 'string' ? item : toCamelCaseKeys(item, key),
    );
  }
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => {
      if (k === 'name' && typeof v === 'string') return [k, v];
      const camel = toCamelCase(k);
      return [camel, toCamelCaseKeys(v, camel)];
    }),
  );
}

function toCamelCase(text: string): string {
  return text.length > 1 ? text.replace(/_+(\w|$)/g, (_, letter: string) => letter.toUpperCase()) : text;
}
