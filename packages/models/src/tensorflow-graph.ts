/** A TensorFlow graph, node by node. */
import {
  type AttrValue,
  DataType,
  type DataTypeNumber,
  type NodeDef,
  type SignatureDef,
  type TensorInfo,
  type TensorShapeProto,
} from './saved-model-proto.js';

/** A tensor of the graph: a node's name, with `:k` for its output k > 0. */
export type Ref = string;

/** Attributes: a number type is float or int as the op has it, so both are spelled out. */
export type Attrs = Readonly<Record<string, AttrValue>>;

export const typeAttr = (type: keyof typeof DataType): AttrValue => ({ type: DataType[type] });
export const intAttr = (i: number): AttrValue => ({ i });
export const intsAttr = (i: readonly number[]): AttrValue => ({ list: { i: [...i] } });
export const floatAttr = (f: number): AttrValue => ({ f });
export const boolAttr = (b: boolean): AttrValue => ({ b });
export const textAttr = (text: string): AttrValue => ({ s: new TextEncoder().encode(text) });

/** T, the type of most ops' operands. */
export const FLOAT: Attrs = { T: typeAttr('float32') };

/** Collects nodes. Names are unique; equal constants are one node. */
export class GraphBuilder {
  readonly nodes: NodeDef[] = [];
  readonly #names = new Map<string, number>();
  readonly #constants = new Map<string, Ref>();

  /**
   * Adds a node.
   *
   * @param name of the node; made from the op's where absent
   * @returns its first output
   * @example const y = graph.op('Relu', [x], FLOAT);
   */
  op(op: string, input: readonly Ref[], attr: Attrs, name: string = op): Ref {
    const count = this.#names.get(name) ?? 0;
    this.#names.set(name, count + 1);
    const unique = count === 0 ? name : `${name}_${count}`;
    this.nodes.push({ name: unique, op, input: [...input], attr: { ...attr } });
    return unique;
  }

  /** What is fed. −1 in a shape is a dimension that is not known. */
  placeholder(name: string, dtype: keyof typeof DataType, shape: readonly number[]): Ref {
    return this.op('Placeholder', [], { dtype: typeAttr(dtype), shape: { shape: shapeProto(shape) } }, name);
  }

  /** A float32 constant; a scalar where no shape is given. */
  float(values: number | readonly number[], shape?: readonly number[]): Ref {
    return this.#constant('float32', Float32Array.from([values].flat()), shape ?? shapeOf(values));
  }

  /** An int32 constant; a scalar or a vector. */
  int(values: number | readonly number[]): Ref {
    return this.#constant('int32', Int32Array.from([values].flat()), shapeOf(values));
  }

  #constant(dtype: 'float32' | 'int32', values: Float32Array | Int32Array, shape: readonly number[]): Ref {
    const key = `${dtype} [${shape.join()}] ${values.join()}`;
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const tensor = {
      dtype: DataType[dtype],
      tensorShape: shapeProto(shape),
      tensorContent: new Uint8Array(values.buffer),
    };
    const ref = this.op('Const', [], { dtype: typeAttr(dtype), value: { tensor } });
    this.#constants.set(key, ref);
    return ref;
  }
}

/** Output k of a node. */
export const output = (ref: Ref, k: number): Ref => (k === 0 ? ref : `${ref}:${k}`);

/** A tensor that is fed or fetched. */
export interface Port {
  readonly ref: Ref;
  readonly dtype: keyof typeof DataType;
  readonly shape: readonly number[];
}

/** Inputs and outputs of a graph by name. */
export function signature(
  inputs: Readonly<Record<string, Port>>,
  outputs: Readonly<Record<string, Port>>,
): SignatureDef {
  const infos = (ports: Readonly<Record<string, Port>>) =>
    Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, tensorInfo(port)]));
  return { inputs: infos(inputs), outputs: infos(outputs), methodName: 'tensorflow/serving/predict' };
}

function tensorInfo({ ref, dtype, shape }: Port): TensorInfo {
  const type: DataTypeNumber = DataType[dtype];
  return { name: ref.includes(':') ? ref : `${ref}:0`, dtype: type, tensorShape: shapeProto(shape) };
}

function shapeProto(shape: readonly number[]): TensorShapeProto {
  return { dim: shape.map((size) => ({ size })) };
}

function shapeOf(values: number | readonly number[]): number[] {
  return typeof values === 'number' ? [] : [values.length];
}
