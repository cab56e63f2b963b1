import { describe, expect, it } from 'vitest';
import { fashionMnistLabelNames } from '../../src/sources/source.js';

describe('fashionMnistLabelNames', () => {
  it('has ten different names in the order of the paper', () => {
    expect(new Set(fashionMnistLabelNames).size).toBe(10);
    expect([fashionMnistLabelNames[0], fashionMnistLabelNames[9]]).toEqual(['T-shirt/top', 'Ankle boot']);
  });
});
