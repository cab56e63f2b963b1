import { describe, expect, it } from 'vitest';
import { oneBit } from '../../src/compression/one-bit.js';
import { codeOf, hex } from './vectors.js';

describe('1-bit', () => {
  it('two means and the signs, block after block', () => {
    const x = Float32Array.from({ length: 514 }, (_, i) => (i < 512 ? (i % 2 ? -3 : 1) : i - 512.5));
    const bytes = new Uint8Array(oneBit.bytes(514));
    oneBit.encode(x, bytes);
    expect(bytes).toHaveLength(81);
    expect(hex(bytes.subarray(0, 8))).toBe('0000803f' + '000040c0');
    expect(new Set(bytes.subarray(8, 72))).toEqual(new Set([0xaa]));
    // −0.5 and 0.5
    expect(hex(bytes.subarray(72))).toBe('0000003f' + '000000bf' + '01');
    const back = new Float32Array(514);
    oneBit.decode(bytes, back);
    expect(back).toEqual(x);
  });

  it('refuses other lengths', () => {
    expect(codeOf(() => oneBit.encode(new Float32Array(9), new Uint8Array(9)))).toBe('configuration');
    expect(codeOf(() => oneBit.decode(new Uint8Array(11), new Float32Array(9)))).toBe('protocol');
  });
});
