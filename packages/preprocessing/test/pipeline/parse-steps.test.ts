import { describe, expect, it } from 'vitest';
import { PreprocessingError } from '../../src/errors.js';
import { OneHot } from '../../src/labels/one-hot.js';
import { located, outputShape, outputType, parseSteps } from '../../src/pipeline/parse-steps.js';
import { Reshape } from '../../src/reshape.js';

const parse = (text: string, shape: readonly number[] = [20, 24, 3], type: 'uint8' | 'float32' = 'uint8') =>
  parseSteps(text, { shape, type }).map((spelled) => spelled.text);

describe('parseSteps', () => {
  it('reads steps, with spaces or without', () => {
    expect(parse('grayscale, resize=16x16 ,standardize,reshape=256')).toEqual([
      'grayscale',
      'resize=16',
      'standardize',
      'reshape=256',
    ]);
    expect(parse('minmax', [784], 'float32')).toEqual(['minmax']);
  });

  it.each([
    ['', 'step 1, "": expected NAME, NAME=ARGUMENT or NAME=ARGUMENT:MODIFIER'],
    ['grayscale,', 'step 2, ""'],
    ['Grayscale', 'step 1, "Grayscale": expected NAME'],
    ['resize=', 'step 1, "resize=": expected NAME'],
    ['grayscale,blur=3', 'step 2, "blur=3": expected a step of grayscale, resize'],
    ['resize=4:', 'step 1, "resize=4:": expected NAME'],
    ['standardize,resize=4', 'step 2, "resize=4": expected uint8 pixels, got float32'],
    [
      'flatten,grayscale',
      'step 2, "grayscale": expected images of height x width x channels, 1 or 3 channels, got 1440',
    ],
    ['grayscale,crop=21', 'step 2, "crop=21": expected images of at least 21x21 pixels, got 20x24x1'],
    ['resize=4,reshape=4x4x1', 'step 2, "reshape=4x4x1": expected samples of 16 values, got 4x4x3 = 48'],
  ])('refuses %j in one line', (text, message) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ name: 'PreprocessingError', message: expect.stringContaining(message) }),
    );
  });

  it('refuses what is no shape', () => {
    expect(() => parse('flatten', [0])).toThrow('expected a shape of integers ≥ 1');
  });
});

describe('outputShape and outputType', () => {
  it('know what a fit does not decide', () => {
    const open = { text: 'open', step: new OneHot() };
    const shaped = { text: 'reshape=2x3', step: new Reshape([2, 3]) };
    expect(outputShape(open, [1])).toBeUndefined();
    expect(outputShape(open, undefined)).toBeUndefined();
    expect(outputShape(shaped, undefined)).toEqual([2, 3]);
    expect(() => outputShape(shaped, [7])).toThrow('got 7');
    expect(outputType(open, 'uint8')).toBe('float32');
    expect(outputType(shaped, 'uint8')).toBe('uint8');
  });
});

describe('located', () => {
  it('names the step once, and leaves other errors alone', () => {
    const refuse = (error: Error) => (): never => {
      throw error;
    };
    const inner = () => located(0, 'minmax', refuse(new PreprocessingError('INVALID_VALUE', 'bad')));
    expect(() => located(4, 'pca=3', inner)).toThrow(
      expect.objectContaining({ code: 'INVALID_VALUE', message: 'step 1, "minmax": bad' }),
    );
    expect(() => located(4, 'pca=3', refuse(new TypeError('bad')))).toThrow(new TypeError('bad'));
  });
});
