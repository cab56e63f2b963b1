import { describe, expect, it } from 'vitest';
import { expectOption, numberOption, onlyInput, pairOption, weightOf } from '../src/tensorflow-layer.js';
import { contextOf } from './graph-context.js';

describe('options of a layer', () => {
  const c = contextOf({ shapes: [[2]], config: { strides: 2, pool_size: [2, 3], odd: 'x', alpha: 0.1, none: null } });

  it('reads pairs and numbers, with defaults', () => {
    expect(pairOption(c, 'strides', [1, 1])).toEqual([2, 2]);
    expect(pairOption(c, 'pool_size', [1, 1])).toEqual([2, 3]);
    expect(pairOption(c, 'none', [4, 5])).toEqual([4, 5]);
    expect(() => pairOption(c, 'odd', [1, 1])).toThrow('layer layer (Layer): odd: two numbers expected, got "x"');
    expect([numberOption(c, 'alpha', 1), numberOption(c, 'none', 1)]).toEqual([0.1, 1]);
  });

  it('refuses other values than the one it knows', () => {
    expect(() => expectOption(c, 'none', 'channels_last')).not.toThrow();
    expect(() => expectOption(c, 'odd', 'y')).toThrow('odd "y" expected, got "x"');
  });

  it('wants its inputs and weights', () => {
    expect(onlyInput(c).shape).toEqual([2]);
    expect(() => onlyInput(contextOf({ shapes: [[1], [1]] }))).toThrow('one input expected, got 2');
    expect(() => weightOf(c, 'kernel')).toThrow('a weight kernel expected');
  });
});
