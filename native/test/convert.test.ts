import { describe, expect, it } from 'vitest';
import { fromBfloat, fromHalf, toBfloat, toHalf } from '../lib/convert.js';

const half = (x: number) => {
  const out = new Uint16Array(1);
  toHalf(Float32Array.of(x), out);
  return out[0];
};

describe('number formats', () => {
  it('half precision: known bits', () => {
    expect(half(1)).toBe(0x3c00);
    expect(half(-2)).toBe(0xc000);
    expect(half(65504)).toBe(0x7bff);
    expect(half(65520)).toBe(0x7c00);
    expect(half(2 ** -24)).toBe(1);
    expect(half(2 ** -25)).toBe(0); // a tie, to even
    expect(half(Number.NaN)).toBe(0x7e00);
    expect(half(1 + 2 ** -11)).toBe(0x3c00); // a tie, to even
    expect(half(1 + 3 * 2 ** -11)).toBe(0x3c02);
  });

  it('half precision: every finite half goes there and back', () => {
    const bits = Uint16Array.from({ length: 0x7c00 }, (_, i) => i);
    const [values, back] = [new Float32Array(bits.length), new Uint16Array(bits.length)];
    fromHalf(bits, values);
    toHalf(values, back);
    expect(back).toEqual(bits);
  });

  it('bfloat16 is the upper half, rounded', () => {
    const out = new Uint16Array(3);
    toBfloat(Float32Array.of(1, 1 + 2 ** -8, -(1 + 3 * 2 ** -8)), out);
    expect([...out]).toEqual([0x3f80, 0x3f80, 0xbf82]);
    const back = new Float32Array(3);
    fromBfloat(out, back);
    expect([...back]).toEqual([1, 1, -(1 + 2 ** -6)]);
  });
});
