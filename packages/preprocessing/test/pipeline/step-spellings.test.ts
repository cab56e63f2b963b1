import { describe, expect, it } from 'vitest';
import type { CenterCrop } from '../../src/images/center-crop.js';
import type { MinMaxScaler } from '../../src/min-max-scaler.js';
import { spelledStep } from '../../src/pipeline/step-spellings.js';

const spelled = (name: string, argument?: string, ...modifiers: string[]) =>
  spelledStep({ name, argument, modifiers }, () => [32, 32, 3]);

describe('spelledStep', () => {
  it.each([
    ['grayscale', undefined, 'grayscale', 'grayscale'],
    ['resize', '28', 'resize=28', 'resize'],
    ['resize', '28x28', 'resize=28', 'resize'],
    ['resize', '20x28', 'resize=20x28', 'resize'],
    ['crop', '16x8', 'crop=16x8', 'center-crop'],
    ['minmax', undefined, 'minmax', 'min-max-scaler'],
    ['minmax', 'per-pixel', 'minmax=per-pixel', 'min-max-scaler'],
    ['standardize', undefined, 'standardize', 'standard-scaler'],
    ['normalize', undefined, 'normalize', 'per-image-normalizer'],
    ['flatten', undefined, 'flatten', 'flatten'],
    ['reshape', '3072', 'reshape=3072', 'reshape'],
    ['reshape', '32x32x3', 'reshape=32x32x3', 'reshape'],
  ])('makes %s=%s', (name, argument, text, kind) => {
    const made = spelled(name, argument);
    expect(made.text).toBe(text);
    expect(made.step.kind).toBe(kind);
  });

  it('hands the argument on', () => {
    expect((spelled('crop', '16x8').step as CenterCrop).size).toEqual({ height: 16, width: 8 });
    expect((spelled('minmax', 'per-pixel').step as MinMaxScaler).mode).toBe('per-feature');
  });

  it.each([
    [
      'resise',
      undefined,
      'expected a step of grayscale, resize, crop, minmax, standardize, normalize, flatten, reshape',
    ],
    ['constructor', undefined, 'expected a step of'],
    ['grayscale', '1', 'expected grayscale'],
    ['resize', undefined, 'expected resize=N or resize=HxW'],
    ['resize', '0', 'expected resize=N or resize=HxW'],
    ['resize', '028', 'expected resize=N or resize=HxW'],
    ['resize', '28x28x1', 'expected resize=N or resize=HxW'],
    ['crop', '1.5', 'expected crop=N or crop=HxW'],
    ['minmax', 'global', 'expected minmax or minmax=per-pixel'],
    ['reshape', '28x', 'expected reshape=AxBx…'],
    ['crop', '33', 'expected images of at least 33x33 pixels, got 32x32x3'],
  ])('refuses %s=%s', (name, argument, message) => {
    expect(() => spelled(name, argument)).toThrow(message);
  });

  it('refuses modifiers where there are none', () => {
    for (const [name, argument] of [['standardize'], ['resize', '4'], ['minmax'], ['reshape', '4']] as const) {
      expect(() => spelled(name, argument, 'whiten')).toThrow(`expected ${name}`);
    }
  });
});
