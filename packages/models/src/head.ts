/** The last activation of a model. Engines leave it out and compute losses from logits, which is stable and one pass less. */
import type { LayerJson } from './topology.js';
import { outputLayer, parseTopology } from './topology.js';

/** What turns logits into outputs. */
export type Head = 'softmax' | 'sigmoid' | 'linear';

/**
 * The head of a topology. Any activation other than softmax and sigmoid counts as linear: it is part of the model.
 *
 * @param json topology JSON
 * @throws ModelError `unsupported` for several outputs, `bad-model` for what is no topology
 */
export function headOf(json: string): Head {
  return layerHead(outputLayer(parseTopology(json)));
}

/**
 * The same topology ending in logits: a softmax or sigmoid at its end becomes linear.
 *
 * @example withLogits(modelToJson(model)) // { json: '…"activation":"linear"…', head: 'softmax' }
 */
export function withLogits(json: string): { json: string; head: Head } {
  const topology = parseTopology(json);
  const layer = outputLayer(topology);
  const head = layerHead(layer);
  if (head === 'linear' || Array.isArray(layer.config)) return { json, head: 'linear' };
  if (layer.class_name === 'Softmax') {
    layer.class_name = 'Activation';
    delete layer.config['axis'];
  }
  layer.config['activation'] = 'linear';
  return { json: JSON.stringify(topology), head };
}

function layerHead(layer: LayerJson): Head {
  if (Array.isArray(layer.config)) return 'linear';
  if (layer.class_name === 'Softmax') {
    // tfjs's own default is 1, the last axis of [size, classes]; other outputs than these are refused.
    const axis = layer.config['axis'] ?? -1;
    return axis === -1 || axis === 1 ? 'softmax' : 'linear';
  }
  const activation = layer.config['activation'];
  return activation === 'softmax' || activation === 'sigmoid' ? activation : 'linear';
}
