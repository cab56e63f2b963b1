import { describe, expect, it } from 'vitest';
import { activationOf, leakyRelu } from '../src/tensorflow-activation.js';
import { GraphBuilder } from '../src/tensorflow-graph.js';

describe('activationOf', () => {
  it('computes the gradient from outputs where the op allows it: relu then fuses with the product before it', () => {
    const graph = new GraphBuilder();
    activationOf('relu')?.backward(graph, { z: 'z', y: 'y', dy: 'dy' });
    activationOf('tanh')?.backward(graph, { z: 'z', y: 'y', dy: 'dy' });
    activationOf('softplus')?.backward(graph, { z: 'z', y: 'y', dy: 'dy' });
    leakyRelu(0.2).backward(graph, { z: 'z', y: 'y', dy: 'dy' });
    expect(graph.nodes.map(({ op, input }) => [op, ...input])).toEqual([
      ['ReluGrad', 'dy', 'y'],
      ['TanhGrad', 'y', 'dy'],
      ['SoftplusGrad', 'dy', 'z'],
      ['LeakyReluGrad', 'dy', 'z'],
    ]);
    expect(graph.nodes[3]?.attr['alpha']).toEqual({ f: 0.2 });
  });

  it('writes nothing for linear, and knows no other names', () => {
    const graph = new GraphBuilder();
    expect(activationOf('linear')?.forward(graph, 'z')).toBe('z');
    expect(graph.nodes).toEqual([]);
    expect(activationOf('mish')).toBeUndefined();
  });
});
