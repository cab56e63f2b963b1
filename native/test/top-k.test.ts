import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KERNELS, PORTABLE } from '../lib/kernels.js';
import { addon } from '../lib/native.js';

const found = addon();
const kinds = [['twins', PORTABLE] as const, ...(found.ok ? [[found.addon.kernels, KERNELS] as const] : [])];

describe.each(kinds)('topK, %s', (_, kernels) => {
  const topK = (x: Float32Array, k: number) => {
    const [indexes, values] = [new Uint32Array(k), new Float32Array(k)];
    kernels.topK(x, indexes, values);
    return { indexes: [...indexes], values: [...values] };
  };

  it('the largest magnitudes, by ascending index', () => {
    expect(topK(Float32Array.of(1, -3, 0, 2), 2)).toEqual({ indexes: [1, 3], values: [-3, 2] });
    expect(topK(Float32Array.of(1, -3), 2)).toEqual({ indexes: [0, 1], values: [1, -3] });
    expect(topK(new Float32Array(3), 0)).toEqual({ indexes: [], values: [] });
  });

  it('of equal magnitudes the lower index; NaN above ∞', () => {
    expect(topK(Float32Array.of(1, 2, -2, 2, 2), 2).indexes).toEqual([1, 2]);
    expect(topK(new Float32Array(100), 3).indexes).toEqual([0, 1, 2]);
    expect(topK(Float32Array.of(1, Infinity, 2, Number.NaN), 1)).toEqual({ indexes: [3], values: [Number.NaN] });
  });

  it('is what a stable sort gives, with ties in plenty', () => {
    const element = fc.oneof(
      fc.float({ noNaN: true }),
      fc.constantFrom(0, 1, -1, 2 ** -149, 1 + 2 ** -23, 1 + 2 ** -12),
    );
    fc.assert(
      fc.property(fc.array(element, { maxLength: 200 }), fc.nat(), (values, seed) => {
        const x = Float32Array.from(values);
        const k = seed % (x.length + 1);
        const sorted = [...x.keys()].sort((a, b) => Math.abs(x[b]!) - Math.abs(x[a]!) || a - b).slice(0, k);
        sorted.sort((a, b) => a - b);
        expect(topK(x, k)).toEqual({ indexes: sorted, values: sorted.map((i) => x[i]) });
      }),
    );
  });

  it('refuses more than there is', () => {
    expect(() => topK(new Float32Array(2), 3)).toThrow(RangeError);
    expect(() => kernels.topK(new Float32Array(3), new Uint32Array(1), new Float32Array(2))).toThrow(RangeError);
  });
});
