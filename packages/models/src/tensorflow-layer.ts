/** What a layer is to the graph writer: its forward ops, and its gradient ops as a function of dy. */
import { ModelError } from './errors.js';
import type { GraphBuilder, Ref } from './tensorflow-graph.js';

/** A tensor between two layers, [batch, ...shape]. */
export interface LayerTensor {
  readonly ref: Ref;
  readonly shape: readonly number[];
  /** Whether a trained weight lies before it: only then its gradient is wanted. */
  readonly trained: boolean;
}

/** A weight in its own shape. */
export interface LayerWeightRef {
  readonly ref: Ref;
  readonly shape: readonly number[];
  readonly trained: boolean;
}

/** One layer of a topology, and where its ops go. */
export interface LayerContext {
  readonly graph: GraphBuilder;
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inputs: readonly LayerTensor[];
  readonly training: boolean;
  /** Scalar int32 of the step, and this layer's own number. */
  readonly seed: { readonly step: () => Ref; readonly layer: number };
  /** By its name within the layer; undefined where it has none (no bias). */
  weight(name: string): LayerWeightRef | undefined;
  /** The value of a weight that is not trained, after this step. */
  update(name: string, ref: Ref): void;
}

/** What a layer gives. */
export interface LayerResult {
  readonly ref: Ref;
  readonly shape: readonly number[];
  /** Gradients of the inputs, in their order (null where none is wanted), and of the trained weights. */
  backward(dy: Ref): { inputs: readonly (Ref | null)[]; weights?: Readonly<Record<string, Ref>> };
}

export type LayerWriter = (c: LayerContext) => LayerResult;

/** The error that makes the engine run a model eagerly. */
export function unsupported(c: Pick<LayerContext, 'name' | 'className'>, why: string): ModelError {
  return new ModelError('unsupported', `layer ${c.name} (${c.className}): ${why}`);
}

/** The only input. @throws ModelError `unsupported` */
export function onlyInput(c: LayerContext): LayerTensor {
  const [input] = c.inputs;
  if (input === undefined || c.inputs.length !== 1) throw unsupported(c, `one input expected, got ${c.inputs.length}`);
  return input;
}

/** A weight that the layer cannot do without. @throws ModelError `unsupported` */
export function weightOf(c: LayerContext, name: string): LayerWeightRef {
  const weight = c.weight(name);
  if (weight === undefined) throw unsupported(c, `a weight ${name} expected`);
  return weight;
}

/** Refuses every other value of an option; an absent one is the default. @throws ModelError `unsupported` */
export function expectOption(c: LayerContext, key: string, expected: unknown): void {
  const value = c.config[key] ?? expected;
  if (JSON.stringify(value) !== JSON.stringify(expected)) {
    throw unsupported(c, `${key} ${JSON.stringify(expected)} expected, got ${JSON.stringify(value)}`);
  }
}

/** Two numbers: height and width. @throws ModelError `unsupported` */
export function pairOption(c: LayerContext, key: string, fallback: readonly [number, number]): [number, number] {
  const value = c.config[key] ?? fallback;
  if (typeof value === 'number') return [value, value];
  if (Array.isArray(value) && value.length === 2) return [Number(value[0]), Number(value[1])];
  throw unsupported(c, `${key}: two numbers expected, got ${JSON.stringify(value)}`);
}

/** A number. */
export function numberOption(c: LayerContext, key: string, fallback: number): number {
  const value = c.config[key];
  return typeof value === 'number' ? value : fallback;
}
