import { describe, expect, it } from 'vitest';
import { Reshape } from '../src/reshape.js';
import { restoreStep } from '../src/transformer-classes.js';

describe('restoreStep', () => {
  it('finds the class by kind', () => {
    const step = restoreStep(new Reshape([2, 3]).toJSON(), {});
    expect(step).toBeInstanceOf(Reshape);
    expect(step.outputShape([6])).toEqual([2, 3]);
  });

  it.each([null, { kind: '__proto__' }, { kind: 'reshape', version: 2 }, { kind: 'pipeline' }])(
    'refuses %j',
    (json) => {
      expect(() => restoreStep(json, {})).toThrow(expect.objectContaining({ code: 'INVALID_STATE' }));
    },
  );
});
