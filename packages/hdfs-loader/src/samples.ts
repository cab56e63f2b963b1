import { LoaderError } from './errors.js';

/** Labelled samples in memory, row-major. */
export interface Samples {
  /** count × features values. */
  readonly inputs: Uint8Array;
  /** One class index a sample. */
  readonly labels: Uint16Array;
  readonly count: number;
  /** Values of one sample: the product of its shape. */
  readonly features: number;
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

/** Smallest and largest of some values, joined with a range that is known already. */
export function widenRange(
  values: Uint8Array,
  known: readonly [number, number] | null,
): readonly [number, number] | null {
  let [min, max] = known ?? [255, 0];
  if (values.length === 0 || (min === 0 && max === 255)) return known;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
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
