/** Activations as TensorFlow ops, and their gradients. */
import { FLOAT, floatAttr, type GraphBuilder, type Ref, typeAttr } from './tensorflow-graph.js';

/** y = f(z), and dz from dy. */
export interface Activation {
  forward(graph: GraphBuilder, z: Ref): Ref;
  backward(graph: GraphBuilder, o: { z: Ref; y: Ref; dy: Ref }): Ref;
}

/**
 * An op and its gradient op.
 *
 * From y where that is enough, so that z need not be kept and relu can be fused into the product before it.
 */
function pair(op: string, gradient: string, from: 'y, dy' | 'dy, y' | 'dy, z', attrs = {}): Activation {
  const all = { ...FLOAT, ...attrs };
  return {
    forward: (graph, z) => graph.op(op, [z], all),
    backward: (graph, { z, y, dy }) => {
      const operands = { 'y, dy': [y, dy], 'dy, y': [dy, y], 'dy, z': [dy, z] }[from];
      return graph.op(gradient, operands, all);
    },
  };
}

const LINEAR: Activation = { forward: (_, z) => z, backward: (_, { dy }) => dy };

/** Over the last axis: dz = y ∘ (dy − Σ_k dy_k y_k). */
const SOFTMAX: Activation = {
  forward: (graph, z) => graph.op('Softmax', [z], FLOAT),
  backward: (graph, { y, dy }) => {
    const products = graph.op('Mul', [dy, y], FLOAT);
    const attrs = { ...FLOAT, Tidx: typeAttr('int32'), keep_dims: { b: true } };
    const sum = graph.op('Sum', [products, graph.int([-1])], attrs);
    return graph.op('Mul', [y, graph.op('Sub', [dy, sum], FLOAT)], FLOAT);
  },
};

const ACTIVATIONS = new Map<string, Activation>([
  ['linear', LINEAR],
  ['relu', pair('Relu', 'ReluGrad', 'dy, y')],
  ['relu6', pair('Relu6', 'Relu6Grad', 'dy, y')],
  ['elu', pair('Elu', 'EluGrad', 'dy, y')],
  ['selu', pair('Selu', 'SeluGrad', 'dy, y')],
  ['sigmoid', pair('Sigmoid', 'SigmoidGrad', 'y, dy')],
  ['tanh', pair('Tanh', 'TanhGrad', 'y, dy')],
  ['softplus', pair('Softplus', 'SoftplusGrad', 'dy, z')],
  ['softmax', SOFTMAX],
]);

/** By its name in a topology; undefined for one that is not known here. */
export const activationOf = (name: string): Activation | undefined => ACTIVATIONS.get(name);

/** x where x > 0, else alpha x. */
export const leakyRelu = (alpha: number): Activation =>
  pair('LeakyRelu', 'LeakyReluGrad', 'dy, z', { alpha: floatAttr(alpha) });
