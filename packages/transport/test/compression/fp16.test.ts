import { describe, expect, it } from 'vitest';
import { fp16 } from '../../src/compression/fp16.js';
import { codeOf, hex } from './vectors.js';

describe('fp16', () => {
  it('rounds to nearest even; beyond 65504 ∞, NaN stays', () => {
    const x = Float32Array.of(1, -2, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 65504, 65520, -Infinity, Number.NaN);
    const bytes = new Uint8Array(fp16.bytes(x.length));
    fp16.encode(x, bytes);
    expect(hex(bytes)).toBe('003c' + '00c0' + '003c' + '023c' + 'ff7b' + '007c' + '00fc' + '007e');
    const back = new Float32Array(x.length);
    fp16.decode(bytes, back);
    expect([...back]).toEqual([1, -2, 1, 1 + 2 ** -9, 65504, Infinity, -Infinity, Number.NaN]);
  });

  it('refuses other lengths and odd places', () => {
    const [x, bytes] = [new Float32Array(2), new Uint8Array(9)];
    expect(codeOf(() => fp16.encode(x, bytes.subarray(0, 3)))).toBe('configuration');
    expect(codeOf(() => fp16.decode(bytes.subarray(0, 5), x))).toBe('protocol');
    expect(codeOf(() => fp16.decode(bytes.subarray(1, 5), x))).toBe('misaligned');
  });
});
