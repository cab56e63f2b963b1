import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topK } from '../../src/compression/top-k.js';
import { codeOf, fromHex, gradient, hex, sequence } from './vectors.js';

describe('top-k', () => {
  it('by hand, two steps', () => {
    const c = topK({ ratio: 0.5 });
    const [state, out] = [c.init(4), new Uint8Array(c.bytes(4))];
    c.compress(Float32Array.of(1, -3, 0.5, 2), state, out);
    expect(hex(out)).toBe('02000000' + '01000000' + '03000000' + '000040c0' + '00000040');
    expect([...state.residual]).toEqual([1, 0, 0.5, 0]);
    // v = (2, 1, 0.5, 1): of two ones the lower index
    c.compress(Float32Array.of(1, 1, 0, 1), state, out);
    expect(hex(out)).toBe('02000000' + '00000000' + '01000000' + '00000040' + '0000803f');
    expect([...state.residual]).toEqual([0, 0, 0.5, 1]);
  });

  it('momentum correction by hand, with and without masking', () => {
    for (const masking of [true, false]) {
      const c = topK({ ratio: 0.5, momentum: 0.5, masking });
      const [state, out, sent] = [c.init(2), new Uint8Array(c.bytes(2)), new Float32Array(2)];
      c.compress(Float32Array.of(4, 1), state, out);
      expect([...state.velocity]).toEqual([masking ? 0 : 4, 1]);
      expect([...state.residual]).toEqual([0, 1]);
      // u = m u + g; v = v + u
      c.compress(Float32Array.of(0, 1), state, out);
      c.decompress(out, sent);
      expect([...sent]).toEqual([0, 2.5]);
      expect([...state.residual]).toEqual([masking ? 0 : 2, 0]);
      expect([...state.velocity]).toEqual([masking ? 0 : 2, masking ? 0 : 1.5]);
    }
  });

  it.each([0, 0.9])('with momentum %d loses nothing: what was sent and the residual are the sum of u', (momentum) => {
    const [n, steps] = [3001, 200];
    const c = topK({ ratio: 0.01, momentum, masking: false });
    const [state, out, sent] = [c.init(n), new Uint8Array(c.bytes(n)), new Float32Array(n)];
    const [u, wentIn, wasSent] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
    const next = sequence(9);
    let largest = 0;
    for (let step = 0; step < steps; step++) {
      const g = gradient(n, next);
      c.compress(g, state, out);
      c.decompress(out, sent);
      for (let i = 0; i < n; i++) {
        u[i] = Math.fround(momentum) * u[i]! + g[i]!;
        wentIn[i]! += u[i]!;
        wasSent[i]! += sent[i]!;
        largest = Math.max(largest, Math.abs(state.residual[i]!) + Math.abs(sent[i]!) + Math.abs(u[i]!));
      }
    }
    // A step rounds m u, m u + g and v + u; an error in u counts in all later ones, 1 / (1 − m) times.
    const rounding = (steps * 3 * 2 ** -24 * largest) / (1 - momentum);
    for (let i = 0; i < n; i++) {
      expect(Math.abs(wasSent[i]! + state.residual[i]! - wentIn[i]!)).toBeLessThanOrEqual(rounding);
    }
  });

  it('with masking, where nothing was sent, u and v are as without', () => {
    const c = topK({ ratio: 0.01, momentum: 0.9 });
    const [state, out] = [c.init(100), new Uint8Array(c.bytes(100))];
    const g = Float32Array.from({ length: 100 }, (_, i) => (i === 0 ? 1 : 1e-3));
    for (let step = 0; step < 5; step++) c.compress(g, state, out);
    expect(state.velocity[50]).toBeCloseTo(1e-3 * (1 + 0.9 + 0.81 + 0.729 + 0.6561), 8);
    expect([state.velocity[0], state.residual[0]]).toEqual([0, 0]);
  });

  it('one element at least, all at most, none of none', () => {
    expect([0, 1, 10, 1000].map((n) => topK({ ratio: 0.001 }).bytes(n))).toEqual([4, 12, 12, 12]);
    expect(topK({ ratio: 1 }).bytes(7)).toBe(60);
    const c = topK({ ratio: 1 });
    expect(c.compress(new Float32Array(0), c.init(0), new Uint8Array(4))).toBe(4);
    c.decompress(new Uint8Array(4), new Float32Array(0));
  });

  it('a NaN leaves first, and the residual is clean after it', () => {
    const c = topK({ ratio: 0.3 });
    const [state, out, sent] = [c.init(3), new Uint8Array(c.bytes(3)), new Float32Array(3)];
    c.compress(Float32Array.of(1e30, Number.NaN, 1), state, out);
    c.decompress(out, sent);
    expect([...sent]).toEqual([0, Number.NaN, 0]);
    expect([...state.residual]).toEqual([Math.fround(1e30), 0, 1]);
  });

  it('a receiver takes any number of elements, with one ratio or another', () => {
    const sent = new Float32Array(4);
    topK({ ratio: 0.25 }).decompress(fromHex('02000000' + '00000000' + '02000000' + '0000803f' + '000000c0'), sent);
    expect([...sent]).toEqual([1, 0, -2, 0]);
  });

  it.each([
    ['nothing', '', 'top-k: 4 + 8 k bytes with k ≤ 4 expected, 0 came'],
    ['no whole words', '0000000000', 'top-k: 4 + 8 k bytes with k ≤ 4 expected, 5 came'],
    ['more elements than bytes', '0200000000000000' + '00000000', '12 came with k = 2'],
    ['more elements than there are', 'ffffffff', '4 came with k = 4294967295'],
    ['an index too high', '0100000004000000' + '00000000', 'top-k: an index from 0 to 3 expected, 4 came'],
    ['an index twice', '020000000100000001000000' + '0'.repeat(16), 'top-k: an index from 2 to 3 expected, 1 came'],
    ['a falling index', '020000000200000001000000' + '0'.repeat(16), 'top-k: an index from 3 to 3 expected, 1 came'],
  ])('refuses %s', (_, message, error) => {
    const out = new Float32Array(4).fill(7);
    const c = topK({ ratio: 1 });
    for (const decode of [c.decompress, c.addDecompressed]) {
      expect(() => decode(fromHex(message), out)).toThrow(error);
      expect(codeOf(() => decode(fromHex(message), out))).toBe('protocol');
    }
    expect([...out]).toEqual([7, 7, 7, 7]);
  });

  it('indexes of noise: in order and in range, or refused with nothing written', () => {
    const c = topK({ ratio: 1 });
    const index = fc.oneof(fc.nat(40), fc.nat(0xffffffff));
    fc.assert(
      fc.property(fc.nat(40), fc.array(index, { maxLength: 6 }), fc.integer({ min: -1, max: 1 }), (n, list, off) => {
        const sorted = off === 0 ? [...list].sort((a, b) => a - b) : list;
        const words = Uint32Array.from([Math.max(0, list.length + off), ...sorted, ...list]);
        const out = new Float32Array(n).fill(7);
        const code = codeOf(() => c.decompress(new Uint8Array(words.buffer), out));
        const rising = sorted.every((v, i) => v < n && (i === 0 || v > sorted[i - 1]!));
        const right = words[0] === list.length && list.length <= n && rising;
        expect(code).toBe(right ? 'none' : 'protocol');
        if (!right) expect(out.every((v) => v === 7)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses options out of their range', () => {
    for (const ratio of [0, -1, 1.1, Number.NaN]) expect(codeOf(() => topK({ ratio }))).toBe('configuration');
    for (const momentum of [-0.1, 1, Number.NaN])
      expect(codeOf(() => topK({ ratio: 0.1, momentum }))).toBe('configuration');
  });
});
