/** The two models of weft's comparisons, as tfjs LayersModels. */
import { ModelError } from './errors.js';
import { mixSeed } from './seed.js';
import { tf } from './tf.js';

/** Names of the models that weft defines. */
export type ModelName = 'mlp' | 'cnn';

/** What a definition is given. */
export interface ModelOptions {
  /** Weights are drawn from it: same seed, same weights. */
  readonly seed: number;
  /** One sample, [height, width, channels]; [28, 28, 1] by default. */
  readonly inputShape?: readonly number[];
  /** Number of classes, 10 by default. */
  readonly classes?: number;
}

/** One definition. */
export interface ModelDefinition {
  /** One line for help texts. */
  readonly description: string;
  /** Trainable parameters, biases included, at [28, 28, 1] and 10 classes. */
  readonly parameters: number;
  layers(seeds: () => number, classes: number): tf.layers.Layer[];
}

/** Glorot uniform for kernels (Glorot and Bengio 2010) and zeros for biases: the defaults of Keras. */
const kernelInitializer = (seed: number) => tf.initializers.glorotUniform({ seed });

/**
 * The definitions.
 *
 * `mlp`: 784-1000 relu-250 relu-10 softmax. Its 1,037,760 parameters are 1,036,500 weights and 1,260 biases.
 * `cnn`: Conv32 3×3 valid relu, Conv32 3×3 valid relu, MaxPool 2×2, Flatten, Dense 225 relu, Dense 10 softmax: dist-keras's
 * MNIST CNN. Its 1,048,853 parameters include 299 biases.
 */
export const MODELS: Readonly<Record<ModelName, ModelDefinition>> = {
  mlp: {
    description: 'dense 1000 relu, 250 relu, softmax',
    parameters: 1_037_760,
    layers: (seed, classes) => [
      tf.layers.flatten({ name: 'flatten' }),
      dense('dense_1', 1000, 'relu', seed()),
      dense('dense_2', 250, 'relu', seed()),
      dense('output', classes, 'softmax', seed()),
    ],
  },
  cnn: {
    description: 'two 3×3 convolutions of 32 relu, max pooling 2×2, dense 225 relu, softmax',
    parameters: 1_048_853,
    layers: (seed, classes) => [
      convolution('conv_1', 32, seed()),
      convolution('conv_2', 32, seed()),
      tf.layers.maxPooling2d({ name: 'pool', poolSize: 2, strides: 2 }),
      tf.layers.flatten({ name: 'flatten' }),
      dense('dense_1', 225, 'relu', seed()),
      dense('output', classes, 'softmax', seed()),
    ],
  },
};

/**
 * Builds one of weft's models with freshly drawn weights.
 *
 * Both take images, so that the data sets serve both; the mlp flattens them.
 *
 * @throws ModelError `bad-argument` for an unknown name, a shape that is not three positive integers, fewer than two classes
 * @example
 * const model = createModel('mlp', { seed: 1 });
 * parameterCount(model); // 1037760
 */
export function createModel(name: ModelName, o: ModelOptions): tf.LayersModel {
  const definition = Object.hasOwn(MODELS, name) ? MODELS[name] : undefined;
  if (definition === undefined) {
    throw new ModelError(
      'bad-argument',
      `model: one of ${Object.keys(MODELS).join(', ')} expected, got ${String(name)}`,
    );
  }
  const { seed, inputShape = [28, 28, 1], classes = 10 } = o;
  if (inputShape.length !== 3 || !inputShape.every(isPositiveInteger)) {
    throw new ModelError(
      'bad-argument',
      `model ${name}: inputShape [height, width, channels] expected, got [${inputShape.join(', ')}]`,
    );
  }
  if (!isPositiveInteger(classes) || classes < 2) {
    throw new ModelError('bad-argument', `model ${name}: at least 2 classes expected, got ${classes}`);
  }
  if (!Number.isSafeInteger(seed))
    throw new ModelError('bad-argument', `model ${name}: an integer seed expected, got ${seed}`);
  let stream = 0;
  const layers = definition.layers(() => mixSeed(seed, stream++), classes);
  try {
    return tf.sequential({
      name,
      layers: [tf.layers.inputLayer({ name: 'input', inputShape: [...inputShape] }), ...layers],
    });
  } catch (cause) {
    throw new ModelError('bad-argument', `model ${name}: images of ${inputShape.join('×')} are too small`, { cause });
  }
}

function dense(name: string, units: number, activation: 'relu' | 'softmax', seed: number): tf.layers.Layer {
  return tf.layers.dense({ name, units, activation, kernelInitializer: kernelInitializer(seed) });
}

function convolution(name: string, filters: number, seed: number): tf.layers.Layer {
  const kernel = kernelInitializer(seed);
  return tf.layers.conv2d({
    name,
    filters,
    kernelSize: 3,
    padding: 'valid',
    activation: 'relu',
    kernelInitializer: kernel,
  });
}

function isPositiveInteger(n: number): boolean {
  return Number.isSafeInteger(n) && n > 0;
}
