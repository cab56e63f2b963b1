import { LoaderError } from './errors.js';

/** Type of a data set's values: pixels, or real numbers that preprocessing has made of them. */
export type Dtype = 'uint8' | 'float32';

/** Values of samples. */
export type Values = Uint8Array | Float32Array;

/** Labelled samples in memory, row-major. */
export interface Samples<V extends Values = Values> {
  /** count × features values. */
  readonly inputs: V;
  /** One class index a sample. */
  readonly labels: Uint16Array;
  readonly count: number;
  /** Values of one sample: the product of its shape. */
  readonly features: number;
}

/** Of each type: the bytes of a value, and its name in a safetensors file. */
export const DTYPES = {
  uint8: { bytes: 1, tensor: 'U8' },
  float32: { bytes: 4, tensor: 'F32' },
} as const satisfies Record<Dtype, { bytes: number; tensor: string }>;

/** @example dtypeOf(new Float32Array(4)) // 'float32' */
export const dtypeOf = (values: Values): Dtype => (values instanceof Float32Array ? 'float32' : 'uint8');

/**
 * Memory for values of a type, all 0.
 *
 * @example const inputs = newValues(manifest.dtype, 128 * subset.features);
 */
export function newValues(dtype: Dtype, length: number): Values {
  return dtype === 'float32' ? new Float32Array(length) : new Uint8Array(length);
}

/** Values of one sample of a shape. */
export function featureCount(inputShape: readonly number[]): number {
  return inputShape.reduce((product, size) => product * size, 1);
}

/**
 * How many samples each class has.
 *
 * @param firstRow what the first sample's row is called in messages
 * @throws LoaderError INVALID_SOURCE, naming the row, when a label is not below `classes`
 */
export function countPerClass(samples: Samples, classes: number, firstRow = 0): number[] {
  const perClass = new Array<number>(classes).fill(0);
  for (let i = 0; i < samples.count; i++) {
    const label = samples.labels[i]!;
    if (label >= classes) {
      throw new LoaderError(
        'INVALID_SOURCE',
        `row ${firstRow + i}: expected a label of 0 to ${classes - 1}, got ${label}`,
      );
    }
    perClass[label]!++;
  }
  return perClass;
}

/**
 * Smallest and largest value; [0, 0] where there is none.
 *
 * @param firstRow what the first sample's row is called in messages
 * @throws LoaderError INVALID_SOURCE, naming the row, for a value that is not finite
 */
export function rangeOf({ inputs, features }: Samples, firstRow = 0): readonly [number, number] {
  if (inputs.length === 0) return [0, 0];
  const isBytes = inputs instanceof Uint8Array;
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < inputs.length; i++) {
    const value = inputs[i]!;
    // A NaN never is; what is not finite is not for long.
    if (value >= min && value <= max) continue;
    if (!Number.isFinite(value)) {
      const row = firstRow + Math.floor(i / features);
      throw new LoaderError('INVALID_SOURCE', `row ${row}: expected finite values, got ${value}`);
    }
    if (value < min) min = value;
    if (value > max) max = value;
    if (isBytes && max - min === 255) break;
  }
  // JSON knows no −0.
  return [min + 0, max + 0];
}

/** Samples [start, end) as a view. */
export function sliceSamples(samples: Samples, start: number, end: number): Samples {
  const { inputs, labels, features } = samples;
  return {
    inputs: inputs.subarray(start * features, end * features),
    labels: labels.subarray(start, end),
    count: end - start,
    features,
  };
}
