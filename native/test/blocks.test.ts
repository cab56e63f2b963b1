import { describe, expect, it } from 'vitest';
import { int8Bytes, oneBitBytes } from '../lib/blocks.js';
import { KERNELS, PORTABLE } from '../lib/kernels.js';
import { addon } from '../lib/native.js';

const found = addon();
const kinds = [['twins', PORTABLE] as const, ...(found.ok ? [[found.addon.kernels, KERNELS] as const] : [])];

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const LARGEST = 3.4028234663852886e38;

describe.each(kinds)('int8 blocks, %s', (_, k) => {
  const encode = (...values: number[]) => {
    const out = new Uint8Array(int8Bytes(values.length));
    k.int8EncodeBlocks(Float32Array.from(values), out);
    return out;
  };
  const decode = (bytes: Uint8Array, n: number) => {
    const out = new Float32Array(n);
    k.int8DecodeBlocks(bytes, out);
    return out;
  };

  it('s = max |x| / 127, ties to even', () => {
    // s = 1; 0.5 and 2.5 go down to the even, 1.5 and 3.5 up
    expect(hex(encode(127, 0.5, 1.5, 2.5, -3.5, -126.4))).toBe('0000803f' + '7f00' + '02' + '02' + 'fc' + '82');
    expect([...decode(encode(254, -2, 1), 3)]).toEqual([254, -2, 0]);
  });

  it('takes n + 4 ⌈n / 256⌉ bytes, and each block has its own scale', () => {
    expect([0, 1, 255, 256, 257, 1000].map(int8Bytes)).toEqual([0, 5, 259, 260, 265, 1016]);
    const x = Array.from({ length: 258 }, (_x, i) => (i < 256 ? 127 : 254));
    const bytes = encode(...x);
    expect(hex(bytes.subarray(256))).toBe('7f7f7f7f' + '00000040' + '7f7f');
    expect([...decode(bytes, 258)]).toEqual(x);
  });

  it('zeros, and what is too small for a scale, become zeros', () => {
    expect(hex(encode(0, -0))).toBe('000000000000');
    expect(hex(encode(2 ** -149, 0))).toBe('000000000000');
    // A scale of one subnormal step is too coarse for 190 of them: held at 127
    expect([...decode(encode(190 * 2 ** -149), 1)]).toEqual([127 * 2 ** -149]);
  });

  it('the largest float stays finite', () => {
    const [y] = decode(encode(-LARGEST), 1);
    expect(y).toBeLessThan(-3.4028e38);
    expect(y).toBeGreaterThanOrEqual(-LARGEST);
  });

  it('NaN or ∞ makes its block NaN, and no other', () => {
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      const x = new Array<number>(257).fill(1);
      x[7] = bad;
      const bytes = encode(...x);
      expect(hex(bytes.subarray(0, 12))).toBe('0000c07f0000000000000000');
      const back = decode(bytes, 257);
      expect(back.slice(0, 256).every(Number.isNaN)).toBe(true);
      expect(back[256]).toBe(1);
    }
    // A scale that no encoder writes
    expect([...decode(Uint8Array.of(0, 0, 0x80, 0xff, 1), 1)]).toEqual([Number.NaN]);
  });

  it('refuses other lengths', () => {
    expect(() => k.int8EncodeBlocks(new Float32Array(3), new Uint8Array(8))).toThrow('7 elements expected, got 8');
    expect(() => k.int8DecodeBlocks(new Uint8Array(6), new Float32Array(3))).toThrow('7 elements expected, got 6');
  });
});

describe.each(kinds)('1-bit blocks, %s', (_, k) => {
  const encode = (...values: number[]) => {
    const out = new Uint8Array(oneBitBytes(values.length)).fill(0xff);
    k.oneBitEncodeBlocks(Float32Array.from(values), out);
    return out;
  };
  const decode = (bytes: Uint8Array, n: number) => {
    const out = new Float32Array(n);
    k.oneBitDecodeBlocks(bytes, out);
    return out;
  };

  it('two means, then the sign bits, lowest first', () => {
    // Positive 1, 0, 5: 2; negative −1, −3: −2; signs 0b11010
    const bytes = encode(1, -1, 0, -3, 5);
    expect(hex(bytes)).toBe('00000040' + '000000c0' + '0a');
    expect([...decode(bytes, 5)]).toEqual([2, -2, 2, -2, 2]);
    expect(hex(encode(-4))).toBe('00000000' + '000080c0' + '01');
    expect(hex(encode(-0, 4))).toBe('00008040' + '00000000' + '01');
  });

  it('takes 8 + ⌈m / 8⌉ bytes a block of m ≤ 512', () => {
    expect([0, 1, 8, 9, 512, 513, 1000].map(oneBitBytes)).toEqual([0, 9, 9, 10, 72, 81, 72 + 8 + 61]);
    const x = Array.from({ length: 1030 }, (_x, i) => (i % 2 ? -1 : 1) * (1 + Math.floor(i / 512)));
    expect([...decode(encode(...x), 1030)]).toEqual(x);
  });

  it('sums do not overflow', () => {
    const x = new Array<number>(512).fill(LARGEST);
    expect([...decode(encode(...x), 512)]).toEqual(x);
  });

  it('NaN or ∞ makes its block NaN, and no other', () => {
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      const x = new Array<number>(513).fill(-1);
      x[99] = bad;
      const bytes = encode(...x);
      expect(hex(bytes.subarray(0, 10))).toBe('0000c07f0000c07f0000');
      expect(decode(bytes, 513).subarray(0, 512).every(Number.isNaN)).toBe(true);
      expect(decode(bytes, 513)[512]).toBe(-1);
    }
  });

  it('refuses other lengths', () => {
    expect(() => k.oneBitEncodeBlocks(new Float32Array(9), new Uint8Array(9))).toThrow('10 elements expected, got 9');
    expect(() => k.oneBitDecodeBlocks(new Uint8Array(11), new Float32Array(9))).toThrow('10 elements expected, got 11');
  });
});
