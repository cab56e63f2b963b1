/**
 * The part of TensorFlow's SavedModel format that weft writes, as protocol buffers (tensorflow/core/protobuf/saved_model.proto,
 * meta_graph.proto, and tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape,types}.proto).
 */
import protobuf from 'protobufjs/light.js';

/** Element types, by their number in types.proto. */
export const DataType = { float32: 1, int32: 3, uint8: 4, bool: 10 } as const;
export type DataTypeNumber = (typeof DataType)[keyof typeof DataType];

/** −1 is a dimension that is not known. */
export interface TensorShapeProto {
  dim: { size: number }[];
}

/** One constant. Content is little-endian, row-major. */
interface TensorProto {
  dtype: DataTypeNumber;
  tensorShape: TensorShapeProto;
  tensorContent: Uint8Array;
}

/** One of the fields is set. */
export interface AttrValue {
  list?: { i: number[] };
  s?: Uint8Array;
  i?: number;
  f?: number;
  b?: boolean;
  type?: DataTypeNumber;
  shape?: TensorShapeProto;
  tensor?: TensorProto;
}

/** One operation. An input is a node's name, with `:k` for its output k > 0. */
export interface NodeDef {
  name: string;
  op: string;
  input: string[];
  attr: Record<string, AttrValue>;
}

/** A tensor of the graph that is fed or fetched, `node:k`. */
export interface TensorInfo {
  name: string;
  dtype: DataTypeNumber;
  tensorShape: TensorShapeProto;
}

export interface SignatureDef {
  inputs: Record<string, TensorInfo>;
  outputs: Record<string, TensorInfo>;
  methodName: string;
}

/** What a saved_model.pb says, as far as weft uses it. */
export interface SavedModelContent {
  readonly nodes: readonly NodeDef[];
  readonly signatures: Readonly<Record<string, SignatureDef>>;
}

/** The tag that loaders ask for by default. */
const SERVE = 'serve';

/** Version of the GraphDef format: that of TensorFlow 2.0, which every later one reads. */
const GRAPH_PRODUCER = 134;

type Fields = Record<string, { id: number; type: string; rule?: 'repeated'; keyType?: string; options?: object }>;

const one = (type: string, id: number) => ({ id, type });
const many = (type: string, id: number) => ({ id, type, rule: 'repeated' as const });
const map = (type: string, id: number) => ({ id, type, keyType: 'string' });

const MESSAGES: Record<string, Fields> = {
  Dim: { size: one('int64', 1) },
  TensorShapeProto: { dim: many('Dim', 2) },
  TensorProto: {
    dtype: one('int32', 1),
    tensorShape: one('TensorShapeProto', 2),
    tensorContent: one('bytes', 4),
  },
  ListValue: { i: { ...many('int64', 3), options: { packed: true } } },
  AttrValue: {
    list: one('ListValue', 1),
    s: one('bytes', 2),
    i: one('int64', 3),
    f: one('float', 4),
    b: one('bool', 5),
    type: one('int32', 6),
    shape: one('TensorShapeProto', 7),
    tensor: one('TensorProto', 8),
  },
  NodeDef: { name: one('string', 1), op: one('string', 2), input: many('string', 3), attr: map('AttrValue', 5) },
  VersionDef: { producer: one('int32', 1) },
  GraphDef: { node: many('NodeDef', 1), versions: one('VersionDef', 4) },
  TensorInfo: { name: one('string', 1), dtype: one('int32', 2), tensorShape: one('TensorShapeProto', 3) },
  SignatureDef: { inputs: map('TensorInfo', 1), outputs: map('TensorInfo', 2), methodName: one('string', 3) },
  MetaInfoDef: { tags: many('string', 4) },
  MetaGraphDef: {
    metaInfoDef: one('MetaInfoDef', 1),
    graphDef: one('GraphDef', 2),
    signatureDef: map('SignatureDef', 5),
  },
  SavedModel: { savedModelSchemaVersion: one('int64', 1), metaGraphs: many('MetaGraphDef', 2) },
};

/** `value` is one of: an AttrValue that is false or 0 is written nevertheless. */
const ATTR_ONE_OF = { value: { oneof: Object.keys(MESSAGES['AttrValue'] as Fields) } };

const SavedModel = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(MESSAGES).map(([name, fields]) => [
      name,
      name === 'AttrValue' ? { fields, oneofs: ATTR_ONE_OF } : { fields },
    ]),
  ),
}).lookupType('SavedModel');

/**
 * The bytes of a saved_model.pb with one graph, which needs no variables folder beside it.
 *
 * @example await writeFile(join(dir, 'saved_model.pb'), encodeSavedModel({ nodes, signatures }));
 */
export function encodeSavedModel({ nodes, signatures }: SavedModelContent): Uint8Array {
  return SavedModel.encode({
    savedModelSchemaVersion: 1,
    metaGraphs: [
      {
        metaInfoDef: { tags: [SERVE] },
        graphDef: { node: nodes, versions: { producer: GRAPH_PRODUCER } },
        signatureDef: signatures,
      },
    ],
  }).finish();
}

/** Reads what {@link encodeSavedModel} wrote; fields that weft does not write are passed over. */
export function decodeSavedModel(bytes: Uint8Array): SavedModelContent {
  const message = SavedModel.toObject(SavedModel.decode(bytes), { longs: Number, arrays: true, objects: true });
  const [graph] = message['metaGraphs'] as {
    graphDef: { node: NodeDef[] };
    signatureDef: SavedModelContent['signatures'];
  }[];
  return { nodes: graph?.graphDef.node ?? [], signatures: graph?.signatureDef ?? {} };
}
