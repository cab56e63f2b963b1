/** The end that Dense and the convolutions share: a bias, then an activation. */
import { type Activation, activationOf } from './tensorflow-activation.js';
import { FLOAT, type Ref } from './tensorflow-graph.js';
import { type LayerContext, unsupported } from './tensorflow-layer.js';

/** The activation of a layer's config. @throws ModelError `unsupported` */
export function layerActivation(c: LayerContext): Activation {
  const name = String(c.config['activation'] ?? 'linear');
  const activation = activationOf(name);
  if (activation === undefined) throw unsupported(c, `activation ${name} is not written as a graph`);
  return activation;
}

/**
 * y = act(product + b); backward gives dz and, in `weights`, that of a trained bias.
 *
 * @param product [..., channels]
 */
export function activateLayer(
  c: LayerContext,
  product: Ref,
): { ref: Ref; backward: (dy: Ref) => { dz: Ref; weights: Record<string, Ref> } } {
  const { graph } = c;
  const activation = layerActivation(c);
  const bias = c.config['use_bias'] === false ? undefined : c.weight('bias');
  const z = bias === undefined ? product : graph.op('BiasAdd', [product, bias.ref], FLOAT);
  const y = activation.forward(graph, z);
  return {
    ref: y,
    backward: (dy) => {
      const dz = activation.backward(graph, { z, y, dy });
      return { dz, weights: bias?.trained ? { bias: graph.op('BiasAddGrad', [dz], FLOAT) } : {} };
    },
  };
}
