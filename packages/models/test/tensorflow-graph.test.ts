import { describe, expect, it } from 'vitest';
import { DataType } from '../src/saved-model-proto.js';
import { FLOAT, GraphBuilder, output, signature } from '../src/tensorflow-graph.js';

describe('GraphBuilder', () => {
  it('gives every node a name of its own', () => {
    const graph = new GraphBuilder();
    const x = graph.placeholder('x', 'float32', [-1, 2]);
    expect([graph.op('Relu', [x], FLOAT), graph.op('Relu', [x], FLOAT)]).toEqual(['Relu', 'Relu_1']);
    expect(graph.nodes.map(({ name }) => name)).toEqual(['x', 'Relu', 'Relu_1']);
    expect(graph.nodes[2]).toEqual({ name: 'Relu_1', op: 'Relu', input: ['x'], attr: { T: { type: 1 } } });
  });

  it('keeps one node for equal constants, little-endian', () => {
    const graph = new GraphBuilder();
    expect(graph.int([1, -1])).toBe(graph.int([1, -1]));
    expect(graph.float(1)).not.toBe(graph.int(1));
    expect(graph.float(1)).not.toBe(graph.float([1]));
    const tensor = graph.nodes[0]?.attr['value']?.tensor;
    expect(tensor?.tensorShape).toEqual({ dim: [{ size: 2 }] });
    expect([...(tensor?.tensorContent ?? [])]).toEqual([1, 0, 0, 0, 255, 255, 255, 255]);
  });
});

describe('signature', () => {
  it('names outputs of nodes by number, the first one too', () => {
    const port = { dtype: 'float32', shape: [-1] } as const;
    const { inputs, outputs } = signature({ x: { ref: 'x', ...port } }, { y: { ref: output('f', 2), ...port } });
    expect(inputs).toEqual({ x: { name: 'x:0', dtype: DataType.float32, tensorShape: { dim: [{ size: -1 }] } } });
    expect(outputs['y']?.name).toBe('f:2');
    expect(output('f', 0)).toBe('f');
  });
});
