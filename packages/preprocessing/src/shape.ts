import { PreprocessingError } from './errors.js';

/**
 * Values of a sample of this shape: the features of its row.
 *
 * @throws PreprocessingError INVALID_ARGUMENT unless it is one or more integers ≥ 1
 * @example featuresOf([28, 28, 1]) // 784
 */
export function featuresOf(shape: readonly number[]): number {
  const features = shape.reduce((product, side) => (Number.isSafeInteger(side) && side >= 1 ? product * side : 0), 1);
  if (shape.length > 0 && features >= 1 && Number.isSafeInteger(features)) return features;
  throw new PreprocessingError('INVALID_ARGUMENT', `expected a shape of integers ≥ 1, got [${shape.join(', ')}]`);
}

/** A shape as it is spelt in steps and messages: 28x28x1. */
export const shapeText = (shape: readonly number[]): string => shape.join('x');

/** Throws SHAPE_MISMATCH unless a sample of this shape has so many values. */
export function assertFeatures(shape: readonly number[], features: number): void {
  const got = featuresOf(shape);
  if (got === features) return;
  const sides = shape.length > 1 ? `${shapeText(shape)} = ` : '';
  const message = `expected samples of ${features} ${features === 1 ? 'value' : 'values'}, got ${sides}${got}`;
  throw new PreprocessingError('SHAPE_MISMATCH', message);
}
