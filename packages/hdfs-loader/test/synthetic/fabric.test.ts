import { describe, expect, it } from 'vitest';
import { cellNoise, FABRICS, weaves } from '../../src/synthetic/fabric.js';

describe('weaves', () => {
  it.each(FABRICS)('%s is a share, the same at the same place', (fabric) => {
    const values: number[] = [];
    for (let y = -2; y < 3; y += 0.13) for (let x = -2; x < 3; x += 0.13) values.push(weaves[fabric](x, y));
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    expect(new Set(values).size > 1).toBe(fabric !== 'plain');
    expect(weaves[fabric](0.3, 0.7)).toBe(weaves[fabric](0.3, 0.7));
  });

  it('run across, along, or both ways', () => {
    expect([weaves.stripes(0.4, 0), weaves.stripes(0.4, 0.5), weaves.stripes(0, 1)]).toEqual([1, 0, 1]);
    expect([weaves.pinstripes(0, 0.4), weaves.pinstripes(0.5, 0.4)]).toEqual([1, 0]);
    expect([weaves.checks(0, 0), weaves.checks(0.5, 0), weaves.checks(0.5, 0.5)]).toEqual([1, 0.5, 0]);
    expect([weaves.dots(0, 0), weaves.dots(0.5, 0), weaves.dots(0.5, 1)]).toEqual([1, 0, 1]);
  });
});

describe('cellNoise', () => {
  it('spreads over 0 to 1', () => {
    const values = Array.from({ length: 1000 }, (_, i) => cellNoise(i % 37, Math.floor(i / 37) - 10));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
    expect([Math.min(...values) < 0.05, Math.max(...values) > 0.95]).toEqual([true, true]);
  });
});
