/**
 * What the engine compiles: a list of operations over tensors, with every shape and every weight's place known. Pure data, the
 * same as src/engine/plan.h name by name. @weft/models makes it from a LayersModel.
 */

/** One sample's shape, channels last. A vector is 1 × 1 × channels. */
export interface EngineTensor {
  readonly height?: number;
  readonly width?: number;
  readonly channels: number;
}

/** Activations that an operation may end in; `dense`, `convolution` and `depthwise` take linear and relu only. */
export type EngineActivation = 'linear' | 'relu' | 'relu6' | 'elu' | 'sigmoid' | 'tanh' | 'softmax';

export type EngineOpKind =
  | 'dense'
  | 'convolution'
  | 'depthwise'
  | 'maxPool'
  | 'averagePool'
  | 'globalAveragePool'
  | 'reshape'
  | 'activation'
  | 'batchNormalization'
  | 'dropout'
  | 'add'
  | 'concatenate';

/** One operation. Offsets count float32 elements; a weight that is absent has none. */
export interface EngineOp {
  readonly kind: EngineOpKind;
  /** The layer's name, for errors and profiles. */
  readonly name: string;
  /** Indexes of tensors made by earlier operations, or the input. */
  readonly inputs: readonly number[];
  /** Index of the tensor that it makes. */
  readonly output: number;
  readonly activation?: EngineActivation;
  /** elu's slope. */
  readonly alpha?: number;
  /** The weights lie in `state`, not in `parameters`, and are not trained. */
  readonly frozen?: boolean;
  /** [in, out] of dense, [height, width, in, out] of convolution, [height, width, in, multiplier] of depthwise. */
  readonly kernel?: number;
  readonly bias?: number;
  readonly gamma?: number;
  readonly beta?: number;
  /** Offsets in `state`. */
  readonly mean?: number;
  readonly variance?: number;
  readonly kernelHeight?: number;
  readonly kernelWidth?: number;
  readonly strideHeight?: number;
  readonly strideWidth?: number;
  readonly dilationHeight?: number;
  readonly dilationWidth?: number;
  readonly padTop?: number;
  readonly padLeft?: number;
  readonly padBottom?: number;
  readonly padRight?: number;
  /** Dropout's share of values set to 0. */
  readonly rate?: number;
  /** Of batch normalisation: moving ← momentum · moving + (1 − momentum) · batch. */
  readonly momentum?: number;
  readonly epsilon?: number;
}

/** l1 Σ|w| + l2 Σw² over a range of the parameters; counts in gradients, not in the loss. */
export interface EngineRegularizer {
  readonly offset: number;
  readonly length: number;
  readonly l1: number;
  readonly l2: number;
}

/** What turns the output tensor, logits, into outputs: the model's last activation is left to the loss, which is stable so. */
export type EngineHead = 'softmax' | 'sigmoid' | 'linear';

/** Cross-entropies are computed from logits; the mean squared error from the outputs behind the head. */
export type EngineLoss = 'softmaxCrossEntropy' | 'binaryCrossEntropy' | 'meanSquaredError';

export interface EnginePlan {
  readonly tensors: readonly EngineTensor[];
  /** Indexes of tensors. */
  readonly input: number;
  readonly output: number;
  readonly ops: readonly EngineOp[];
  readonly regularizers: readonly EngineRegularizer[];
  /** Lengths of the flat vectors. */
  readonly parameters: number;
  readonly state: number;
  /** uint8 inputs become scale · x + shift; float32 inputs are taken as they are. */
  readonly inputScale?: number;
  readonly inputShift?: number;
  readonly loss: EngineLoss;
  readonly head: EngineHead;
  /** 1 where absent. */
  readonly threads?: number;
  /** Dropout's. 0 where absent. */
  readonly seed?: number;
}

/** Elements of one sample of a tensor. */
export function featuresOf(tensor: EngineTensor): number {
  return (tensor.height ?? 1) * (tensor.width ?? 1) * tensor.channels;
}
