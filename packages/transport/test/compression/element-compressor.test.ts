import { describe, expect, it } from 'vitest';
import { bf16 } from '../../src/compression/bf16.js';
import { elementCompressor } from '../../src/compression/element-compressor.js';
import { fp16 } from '../../src/compression/fp16.js';
import { int8 } from '../../src/compression/int8.js';
import { oneBit } from '../../src/compression/one-bit.js';
import { gradient, hex, sequence } from './vectors.js';

const STEPS = 200;

describe('error feedback', () => {
  it.each([fp16, bf16, int8, oneBit].map((codec) => [codec.name, codec] as const))(
    '%s loses nothing: what was sent and the residual are what went in',
    (_, codec) => {
      // More than one chunk, with a rest
      const n = 17_003;
      const c = elementCompressor('int8', codec, 'delta');
      const [state, out, sent] = [c.init(n), new Uint8Array(c.bytes(n)), new Float32Array(n)];
      const [wentIn, wasSent] = [new Float64Array(n), new Float64Array(n)];
      const next = sequence(8);
      let largest = 0;
      for (let step = 0; step < STEPS; step++) {
        const g = gradient(n, next);
        c.compress(g, state, out);
        c.decompress(out, sent);
        for (let i = 0; i < n; i++) {
          wentIn[i]! += g[i]!;
          wasSent[i]! += sent[i]!;
          largest = Math.max(largest, Math.abs(state.residual[i]! + sent[i]!));
        }
      }
      // A step rounds p = g + e and e = p − C(p), each by half a unit in the last place of at most the largest p.
      const rounding = STEPS * 2 * 2 ** -24 * largest;
      for (let i = 0; i < n; i++) {
        const lost = Math.abs(wasSent[i]! + state.residual[i]! - wentIn[i]!);
        if (lost > rounding) expect.fail(`element ${i}: at most ${rounding} lost expected, got ${lost}`);
      }
    },
  );

  it('int8 by hand, two steps', () => {
    const c = elementCompressor('int8', int8, 'delta');
    const [state, out] = [c.init(2), new Uint8Array(c.bytes(2))];
    c.compress(Float32Array.of(127, 0.25), state, out);
    expect(hex(out)).toBe('0000803f' + '7f00');
    expect([...state.residual]).toEqual([0, 0.25]);
    // p = (127, 0.75): s = 1, q = (127, 1)
    c.compress(Float32Array.of(127, 0.5), state, out);
    expect(hex(out)).toBe('0000803f' + '7f01');
    expect([...state.residual]).toEqual([0, -0.25]);
  });

  it('1-bit by hand, two steps', () => {
    const c = elementCompressor('1-bit', oneBit, 'delta');
    const [state, out] = [c.init(3), new Uint8Array(c.bytes(3))];
    c.compress(Float32Array.of(1, 3, -4), state, out);
    expect(hex(out)).toBe('00000040' + '000080c0' + '04');
    expect([...state.residual]).toEqual([-1, 1, 0]);
    // p = (0, 1, −1)
    c.compress(Float32Array.of(1, 0, -1), state, out);
    expect(hex(out)).toBe('0000003f' + '000080bf' + '04');
    expect([...state.residual]).toEqual([-0.5, 0.5, 0]);
  });

  it('beyond the range the end is sent, and the residual keeps the rest', () => {
    const c = elementCompressor('fp16', fp16, 'delta');
    const [state, out, sent] = [c.init(3), new Uint8Array(6), new Float32Array(3)];
    c.compress(Float32Array.of(1e5, -7e4, 1), state, out);
    c.decompress(out, sent);
    expect([...sent]).toEqual([65504, -65504, 1]);
    expect([...state.residual]).toEqual([34496, -4496, 0]);
    c.compress(new Float32Array(3), state, out);
    c.decompress(out, sent);
    expect([...sent]).toEqual([34496, -4496, 0]);
    expect([...state.residual]).toEqual([0, 0, 0]);
  });

  it('NaN and ∞ are seen', () => {
    for (const codec of [fp16, bf16, int8, oneBit]) {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const c = elementCompressor('int8', codec, 'delta');
        const [state, out, sent] = [c.init(2), new Uint8Array(c.bytes(2)), new Float32Array(2)];
        c.compress(Float32Array.of(1, bad), state, out);
        c.decompress(out, sent);
        expect(Number.isFinite(sent[1])).toBe(false);
        expect(Number.isFinite(state.residual[1])).toBe(false);
      }
    }
  });
});
