import { describe, expect, it } from 'vitest';
import { int8 } from '../../src/compression/int8.js';
import { codeOf, hex } from './vectors.js';

describe('int8', () => {
  it('a scale and its elements, block after block', () => {
    const x = Float32Array.from({ length: 258 }, (_, i) => (i < 256 ? 127 - i / 2 : i - 257.5));
    const bytes = new Uint8Array(int8.bytes(258));
    int8.encode(x, bytes);
    expect(bytes).toHaveLength(266);
    // s = 1: 127, 126.5 to the even 126, 126, 125.5 to the even 126; last block s = 1.5 / 127
    expect(hex(bytes.subarray(0, 8))).toBe('0000803f' + '7f7e7e7e');
    const view = new DataView(bytes.buffer);
    expect(view.getFloat32(260, true)).toBe(Math.fround(1.5 / 127));
    expect(hex(bytes.subarray(264))).toBe('81d6');
    const back = new Float32Array(258);
    int8.decode(bytes, back);
    expect([...back.subarray(0, 4)]).toEqual([127, 126, 126, 126]);
    expect(back[257]).toBe(Math.fround(-42 * Math.fround(1.5 / 127)));
  });

  it('refuses other lengths', () => {
    expect(codeOf(() => int8.encode(new Float32Array(2), new Uint8Array(7)))).toBe('configuration');
    expect(codeOf(() => int8.decode(new Uint8Array(5), new Float32Array(2)))).toBe('protocol');
  });
});
