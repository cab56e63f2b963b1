import { describe, expect, it } from 'vitest';
import { CURVE_COLOR, cumulative, varianceCurve } from '../../src/preprocess/variance-curve.js';

describe('varianceCurve', () => {
  it('draws an SVG whose colours the page can change', async () => {
    const svg = await varianceCurve(Float32Array.of(0.5, 0.25, 0.125));
    expect(svg).toMatch(/^<svg /);
    expect(svg).toContain(CURVE_COLOR);
    expect(svg).toContain('currentColor');
    expect(svg).toContain('variance explained');
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});

describe('cumulative', () => {
  it('adds up', () => expect(cumulative([0.5, 0.25])).toEqual([0.5, 0.75]));
});
