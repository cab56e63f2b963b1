import { describe, expect, it } from 'vitest';
import { bf16 } from '../../src/compression/bf16.js';
import { codeOf, hex } from './vectors.js';

describe('bf16', () => {
  it('is the upper half, rounded to nearest even; NaN and ∞ stay', () => {
    const x = Float32Array.of(1, 1 + 2 ** -8, -(1 + 3 * 2 ** -8), 3.4e38, Infinity, Number.NaN);
    const bytes = new Uint8Array(bf16.bytes(x.length));
    bf16.encode(x, bytes);
    expect(hex(bytes)).toBe('803f' + '803f' + '82bf' + '807f' + '807f' + 'c07f');
    const back = new Float32Array(x.length);
    bf16.decode(bytes, back);
    expect([...back]).toEqual([1, 1, -(1 + 2 ** -6), Infinity, Infinity, Number.NaN]);
  });

  it('its limit is the largest that stays finite', () => {
    const back = new Float32Array(1);
    const bytes = new Uint8Array(2);
    bf16.encode(Float32Array.of(bf16.limit), bytes);
    bf16.decode(bytes, back);
    expect(back[0]).toBe(bf16.limit);
    expect(hex(bytes)).toBe('7f7f');
  });

  it('refuses other lengths and odd places', () => {
    const [x, bytes] = [new Float32Array(2), new Uint8Array(9)];
    expect(codeOf(() => bf16.encode(x, bytes.subarray(0, 3)))).toBe('configuration');
    expect(codeOf(() => bf16.decode(bytes.subarray(0, 5), x))).toBe('protocol');
    expect(codeOf(() => bf16.encode(x, bytes.subarray(1, 5)))).toBe('misaligned');
  });
});
