import { describe, expect, it } from 'vitest';
import { modelToJson } from '../src/index.js';
import { layoutOf } from '../src/parameters.js';
import { GraphBuilder } from '../src/tensorflow-graph.js';
import { writeNetwork } from '../src/tensorflow-network.js';
import { tf } from '../src/tf.js';
import { parseTopology } from '../src/topology.js';

const l = tf.layers;

function write(model: tf.LayersModel) {
  const graph = new GraphBuilder();
  const shapes = new Map(layoutOf(model).map(({ name, shape }) => [name, shape]));
  const network = writeNetwork({
    graph,
    topology: parseTopology(modelToJson(model)),
    input: graph.placeholder('x', 'float32', []),
    training: true,
    seed: () => graph.int(0),
    weight: (name) => {
      const shape = shapes.get(name);
      return shape && { ref: name, shape, trained: true };
    },
  });
  return { graph, network };
}

describe('writeNetwork', () => {
  it('has a gradient for every weight, and none for the input', () => {
    const model = tf.sequential({
      layers: [l.dense({ units: 4, inputShape: [3], name: 'a' }), l.dense({ units: 2, name: 'b' })],
    });
    const { graph, network } = write(model);
    expect(network.output.shape).toEqual([2]);
    expect([...network.backward('dy').keys()].sort((a, b) => a.localeCompare(b))).toEqual([
      'a/bias',
      'a/kernel',
      'b/bias',
      'b/kernel',
    ]);
    // Two forward, and back: two for b, one for a, whose input wants none.
    expect(graph.nodes.filter(({ op }) => op === 'MatMul')).toHaveLength(5);
  });

  it('adds up the gradients of a tensor that is used twice, and of a regulariser', () => {
    const input = tf.input({ shape: [3] });
    const kernelRegularizer = tf.regularizers.l1l2({ l1: 0.1, l2: 0.2 });
    const a = l.dense({ units: 3, kernelRegularizer }).apply(input) as tf.SymbolicTensor;
    const sum = l.add().apply([a, l.dense({ units: 3 }).apply(a) as tf.SymbolicTensor]) as tf.SymbolicTensor;
    const { graph, network } = write(
      tf.model({ inputs: input, outputs: l.dense({ units: 2 }).apply(sum) as tf.SymbolicTensor }),
    );
    const forward = graph.nodes.length;
    network.backward('dy');
    const back = graph.nodes.slice(forward);
    expect(back.filter(({ op }) => op === 'AddN').map(({ input: parts }) => parts.length)).toEqual([2, 3]);
    expect(back.map(({ op }) => op)).toContain('Sign');
  });

  it('names what it does not write', () => {
    const dense = l.dense({ units: 3, name: 'twice' });
    const input = tf.input({ shape: [3] });
    const twice = dense.apply(dense.apply(input)) as tf.SymbolicTensor;
    expect(() => write(tf.model({ inputs: input, outputs: twice }))).toThrow(
      'layer twice (Dense): a layer that is called once expected',
    );
    const nested = tf.sequential({
      layers: [tf.sequential({ layers: [l.dense({ units: 2, inputShape: [2] })] }), l.dense({ units: 2 })],
    });
    expect(() => write(nested)).toThrow(/\(Sequential\): not written as a graph/);
  });
});
