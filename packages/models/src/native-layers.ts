/** Which operations of the native engine a layer of tfjs is. */
import type { EngineActivation, EngineOp } from '@weft/native';
import { ModelError } from './errors.js';
import type { PlanBuilder, WeightPlace } from './native-plan.js';
import type { tf } from './tf.js';

/** A layer's inputs, as tensor indexes, and its output's shape without the batch. */
interface Call {
  readonly inputs: readonly number[];
  readonly shape: readonly (number | null)[];
}

type Config = Readonly<Record<string, unknown>>;

/** Appends one op: from one tensor to a new one of the call's shape. */
type Emit = (op: Omit<EngineOp, 'name' | 'inputs' | 'output'>, from?: readonly number[]) => number;

/** The layers known, by tfjs's class name. */
const LAYERS: Readonly<Record<string, (c: Config, l: Translation) => number>> = {
  InputLayer: (_, l) => l.first,
  Dense: (c, l) => l.weighted({ kind: 'dense' }, 'kernel', c),
  Conv2D: (c, l) => l.weighted({ kind: 'convolution', ...l.window(c, 'kernelSize') }, 'kernel', c),
  DepthwiseConv2D: (c, l) => l.weighted({ kind: 'depthwise', ...l.window(c, 'kernelSize') }, 'depthwise_kernel', c),
  MaxPooling2D: (c, l) => l.emit({ kind: 'maxPool', ...l.window(c, 'poolSize') }),
  AveragePooling2D: (c, l) => l.emit({ kind: 'averagePool', ...l.window(c, 'poolSize') }),
  GlobalAveragePooling2D: (c, l) => l.channelsLast(c).emit({ kind: 'globalAveragePool' }),
  Flatten: (c, l) => l.channelsLast(c).emit({ kind: 'reshape' }),
  Reshape: (_, l) => l.emit({ kind: 'reshape' }),
  Dropout: (c, l) => {
    if (c['noiseShape'] !== undefined && c['noiseShape'] !== null)
      throw l.unsupported('no noiseShape', c['noiseShape']);
    return l.emit({ kind: 'dropout', rate: Number(c['rate']) });
  },
  Activation: (c, l) => l.activation(c['activation']),
  Softmax: (c, l) => l.lastAxis(c, -1).activation('softmax'),
  ReLU: (c, l) => {
    const max = c['maxValue'] ?? null;
    if (max !== null && max !== 6) throw l.unsupported('a maxValue of 6, or none', max);
    return l.activation(max === 6 ? 'relu6' : 'relu');
  },
  ELU: (c, l) => l.emit({ kind: 'activation', activation: 'elu', alpha: Number(c['alpha'] ?? 1) }),
  BatchNormalization: (c, l) => l.lastAxis(c, -1).normalization(c),
  Add: (_, l) => l.sameShapes().emit({ kind: 'add' }, l.call.inputs),
  Concatenate: (c, l) => l.lastAxis(c, -1).emit({ kind: 'concatenate' }, l.call.inputs),
};

/**
 * Translates one call of a layer.
 *
 * @returns the index of the tensor that it makes
 * @throws ModelError `unsupported`, naming the layer
 */
export function nativeOps(layer: tf.layers.Layer, call: Call, builder: PlanBuilder): number {
  const className = layer.getClassName();
  const translate = Object.hasOwn(LAYERS, className) ? LAYERS[className] : undefined;
  if (translate === undefined)
    throw new ModelError('unsupported', `layer ${layer.name}: ${className} is unknown to the native engine`);
  return translate(layer.getConfig(), new Translation(layer, call, builder));
}

class Translation {
  readonly #layer: tf.layers.Layer;
  readonly #builder: PlanBuilder;
  readonly call: Call;

  constructor(layer: tf.layers.Layer, call: Call, builder: PlanBuilder) {
    this.#layer = layer;
    this.#builder = builder;
    this.call = call;
  }

  get first(): number {
    return this.call.inputs[0] as number;
  }

  readonly emit: Emit = (op, from = [this.first]) => {
    const output = this.#builder.tensor(this.call.shape, this.#layer.name);
    this.#builder.op({ ...op, name: this.#layer.name, inputs: from, output });
    return output;
  };

  unsupported(expected: string, got: unknown): ModelError {
    return new ModelError(
      'unsupported',
      `layer ${this.#layer.name}: ${expected} expected by the native engine, got ${String(got)}`,
    );
  }

  /** A kernel, a bias and an activation; relu is part of the operation, others follow as one of their own. */
  weighted(op: Omit<EngineOp, 'name' | 'inputs' | 'output'>, kernelName: string, c: Config): number {
    const kernel = this.#weight(kernelName) as WeightPlace;
    const bias = this.#weight('bias');
    const activation = engineActivation(c['activation'] ?? 'linear', this.#layer.name);
    const fused = activation === 'relu';
    this.#regularize(kernelName, c[kernelName === 'kernel' ? 'kernelRegularizer' : 'depthwiseRegularizer']);
    this.#regularize('bias', c['biasRegularizer']);
    this.#noActivityRegularizer(c);
    const output = this.emit({
      ...op,
      kernel: kernel.offset,
      frozen: kernel.frozen,
      activation: fused ? 'relu' : 'linear',
      ...(bias && { bias: bias.offset }),
    });
    return fused || activation === 'linear' ? output : this.emit({ kind: 'activation', activation }, [output]);
  }

  activation(name: unknown): number {
    return this.emit({ kind: 'activation', activation: engineActivation(name, this.#layer.name) });
  }

  normalization(c: Config): number {
    const gamma = this.#weight('gamma');
    const beta = this.#weight('beta');
    this.#regularize('gamma', c['gammaRegularizer']);
    this.#regularize('beta', c['betaRegularizer']);
    return this.emit({
      kind: 'batchNormalization',
      momentum: Number(c['momentum']),
      epsilon: Number(c['epsilon']),
      frozen: gamma?.frozen ?? beta?.frozen ?? false,
      ...(gamma && { gamma: gamma.offset }),
      ...(beta && { beta: beta.offset }),
      mean: (this.#weight('moving_mean') as WeightPlace).offset,
      variance: (this.#weight('moving_variance') as WeightPlace).offset,
    });
  }

  /** Sizes, strides, dilation, and the zeros that 'same' puts around: ⌈in / stride⌉ outputs, one more zero after than before if odd. */
  window(c: Config, sizeName: string): Partial<EngineOp> {
    this.channelsLast(c);
    const [kernelHeight, kernelWidth] = pair(c[sizeName], 1);
    const [strideHeight, strideWidth] = pair(c['strides'], 1);
    const [dilationHeight, dilationWidth] = pair(c['dilationRate'], 1);
    const from = this.#builder.tensors[this.first];
    const zeros = (size: number, kernel: number, stride: number, dilation: number): [number, number] => {
      if (c['padding'] !== 'same') return [0, 0];
      const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + (kernel - 1) * dilation + 1 - size);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    };
    if (c['padding'] !== 'same' && c['padding'] !== 'valid')
      throw this.unsupported("padding 'same' or 'valid'", c['padding']);
    const [padTop, padBottom] = zeros(from?.height ?? 1, kernelHeight, strideHeight, dilationHeight);
    const [padLeft, padRight] = zeros(from?.width ?? 1, kernelWidth, strideWidth, dilationWidth);
    const pads = { padTop, padLeft, padBottom, padRight };
    return { kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, ...pads };
  }

  channelsLast(c: Config): this {
    const format = c['dataFormat'] ?? 'channelsLast';
    if (format !== 'channelsLast') throw this.unsupported('channelsLast', format);
    return this;
  }

  lastAxis(c: Config, byDefault: number): this {
    const axis = c['axis'] ?? byDefault;
    if (axis !== -1 && axis !== this.call.shape.length) throw this.unsupported('the last axis', `axis ${String(axis)}`);
    return this;
  }

  sameShapes(): this {
    const shapes = this.call.inputs.map((i) => JSON.stringify(this.#builder.tensors[i]));
    if (shapes.some((s) => s !== shapes[0])) throw this.unsupported('inputs of one shape', 'several');
    return this;
  }

  #weight(name: string): WeightPlace | undefined {
    return this.#builder.weight(this.#layer, name);
  }

  #regularize(weightName: string, serialized: unknown): void {
    const place = this.#weight(weightName);
    if (serialized === undefined || serialized === null || place === undefined || place.frozen) return;
    const { className, config } = serialized as { className?: string; config?: { l1?: number; l2?: number } };
    if (className !== 'L1L2') throw this.unsupported('an L1L2 regularizer', className);
    const weight = this.#layer.weights.find((w) => w.originalName.split('/').at(-1) === weightName);
    const length = (weight?.shape ?? []).reduce<number>((n, d) => n * (d ?? 1), 1);
    this.#builder.regularizer({ offset: place.offset, length, l1: config?.l1 ?? 0, l2: config?.l2 ?? 0 });
  }

  #noActivityRegularizer(c: Config): void {
    const regularizer = c['activityRegularizer'];
    if (regularizer !== undefined && regularizer !== null) throw this.unsupported('no activityRegularizer', 'one');
  }
}

function pair(value: unknown, byDefault: number): [number, number] {
  if (Array.isArray(value)) return [Number(value[0]), Number(value[1] ?? value[0])];
  return typeof value === 'number' ? [value, value] : [byDefault, byDefault];
}

/** Activations that the engine knows, by tfjs's name. */
function engineActivation(name: unknown, layer: string): EngineActivation {
  const known: readonly string[] = ['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'tanh', 'softmax'];
  if (typeof name === 'string' && known.includes(name)) return name as EngineActivation;
  throw new ModelError(
    'unsupported',
    `layer ${layer}: one of the activations ${known.join(', ')} expected, got ${String(name)}`,
  );
}
