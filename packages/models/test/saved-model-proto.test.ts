import { describe, expect, it } from 'vitest';
import { DataType, decodeSavedModel, encodeSavedModel, type SavedModelContent } from '../src/saved-model-proto.js';

const content: SavedModelContent = {
  nodes: [
    {
      name: 'x',
      op: 'Placeholder',
      input: [],
      attr: { dtype: { type: DataType.float32 }, shape: { shape: { dim: [{ size: -1 }, { size: 3 }] } } },
    },
    {
      name: 'two',
      op: 'Const',
      input: [],
      attr: {
        value: {
          tensor: {
            dtype: DataType.int32,
            tensorShape: { dim: [{ size: 1 }] },
            tensorContent: Uint8Array.of(2, 0, 0, 0),
          },
        },
      },
    },
    {
      name: 'y',
      op: 'Anything',
      input: ['x', 'two:1'],
      attr: {
        flag: { b: false },
        zero: { i: 0 },
        half: { f: 0.5 },
        text: { s: Uint8Array.of(65) },
        list: { list: { i: [1, -1] } },
      },
    },
  ],
  signatures: {
    go: {
      inputs: { x: { name: 'x:0', dtype: DataType.float32, tensorShape: { dim: [{ size: -1 }] } } },
      outputs: { y: { name: 'y:0', dtype: DataType.bool, tensorShape: { dim: [] } } },
      methodName: 'm',
    },
  },
};

/** Buffers are Uint8Arrays, and field order is the decoder's. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value, (_, v) => (v instanceof Uint8Array ? [...v] : v)));

describe('encodeSavedModel', () => {
  it('gives back what it was given, zeros and false included', () => {
    const decoded = decodeSavedModel(encodeSavedModel(content));
    const buffers = decoded.nodes.map((node) => ({
      ...node,
      attr: Object.fromEntries(
        Object.entries(node.attr).map(([key, value]) => [
          key,
          value.s === undefined ? value : { s: Uint8Array.from(value.s) },
        ]),
      ),
    }));
    const tensor = buffers[1]?.attr['value'] as { tensor: { tensorContent: Uint8Array } };
    tensor.tensor.tensorContent = Uint8Array.from(tensor.tensor.tensorContent);
    expect(plain({ ...decoded, nodes: buffers })).toEqual(plain(content));
  });

  it('writes the bytes that the format prescribes', () => {
    const bytes = encodeSavedModel({ nodes: [{ name: 'n', op: 'NoOp', input: [], attr: {} }], signatures: {} });
    // schema version 1 (field 1); meta graph (field 2) of tags (1.4 = "serve") and graph (2): node (1), versions (4)
    const tags = [0x0a, 7, 0x22, 5, ...Buffer.from('serve')];
    const graph = [0x12, 16, 0x0a, 9, 0x0a, 1, 110, 0x12, 4, ...Buffer.from('NoOp'), 0x22, 3, 0x08, 0x86, 0x01];
    expect([...bytes]).toEqual([0x08, 1, 0x12, tags.length + graph.length, ...tags, ...graph]);
  });
});
