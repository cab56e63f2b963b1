import { describe, expect, it } from 'vitest';
import { float32 } from '../../src/compression/float32.js';
import { codeOf, hex } from './vectors.js';

describe('float32', () => {
  it('is the elements as they are, at any place', () => {
    const x = Float32Array.of(0.5, -2, -0);
    const bytes = new Uint8Array(13).subarray(1);
    float32.encode(x, bytes);
    expect(hex(bytes)).toBe('0000003f' + '000000c0' + '00000080');
    const back = new Float32Array(3);
    float32.decode(bytes, back);
    expect(back).toEqual(x);
  });

  it('refuses other lengths', () => {
    expect(codeOf(() => float32.encode(new Float32Array(2), new Uint8Array(9)))).toBe('configuration');
    expect(codeOf(() => float32.decode(new Uint8Array(7), new Float32Array(2)))).toBe('protocol');
  });
});
