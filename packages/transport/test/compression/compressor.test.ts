import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompressorOptions, compressor } from '../../src/compression/compressor.js';
import { codeOf, gradient, sequence } from './vectors.js';

const delta = { message: 'delta' } as const;
const schemes: CompressorOptions[] = [
  { scheme: 'float32', ...delta },
  { scheme: 'fp16', ...delta },
  { scheme: 'bf16', ...delta },
  { scheme: 'int8', ...delta },
  { scheme: '1-bit', ...delta },
  { scheme: 'top-k', ratio: 0.1, ...delta },
  { scheme: 'top-k', ratio: 0.1, momentum: 0.5, ...delta },
];
const named = schemes.map((options) => [JSON.stringify(options), options] as const);

describe.each(named)('%s', (_, options) => {
  const c = compressor(options);

  it.each([0, 1, 255, 257, 512, 513, 20_000])('a message of %i elements has the bytes that it says', (n) => {
    const [next, state, out] = [sequence(n + 3), c.init(n), new Uint8Array(c.bytes(n) + 5)];
    const g = gradient(n, next);
    const before = g.slice();
    expect(c.compress(g, state, out)).toBe(c.bytes(n));
    expect(g).toEqual(before);
    expect([...out.subarray(c.bytes(n))]).toEqual([0, 0, 0, 0, 0]);
    const [y, sum] = [new Float32Array(n).fill(9), gradient(n, next)];
    const wanted = sum.slice();
    c.decompress(out.subarray(0, c.bytes(n)), y);
    c.addDecompressed(out.subarray(0, c.bytes(n)), sum);
    expect(sum).toEqual(wanted.map((v, i) => v + y[i]!));
  });

  it('a state that went through JSON goes on to the same bytes', () => {
    const [n, next] = [700, sequence(5)];
    const state = c.init(n);
    const out = [new Uint8Array(c.bytes(n)), new Uint8Array(c.bytes(n))] as const;
    c.compress(gradient(n, next), state, out[0]);
    const saved = JSON.parse(JSON.stringify({ residual: [...state.residual], velocity: [...state.velocity] }));
    const copy = { residual: Float32Array.from(saved.residual), velocity: Float32Array.from(saved.velocity) };
    const g = gradient(n, next);
    c.compress(g, state, out[0]);
    c.compress(g, copy, out[1]);
    expect(out[1]).toEqual(out[0]);
  });

  it('refuses a state of another length and too little space, and changes nothing then', () => {
    const g = gradient(600, sequence(7));
    const [state, out] = [c.init(600), new Uint8Array(c.bytes(600))];
    expect(codeOf(() => c.compress(g, state, out.subarray(4)))).toBe('configuration');
    expect(codeOf(() => c.compress(g, state, new Uint8Array(out.length + 1).subarray(1)))).toBe('misaligned');
    expect(state).toEqual(c.init(600));
    if (state.residual.length > 0) expect(codeOf(() => c.compress(g, c.init(599), out))).toBe('configuration');
    expect(out.every((b) => b === 0)).toBe(true);
  });

  it('noise is a message of the right length, or one clear error with nothing written', () => {
    const length = fc.nat(700);
    fc.assert(
      fc.property(length, fc.nat(1), fc.nat(12), fc.uint8Array({ maxLength: 400 }), (n, exact, more, noise) => {
        const bytes = new Uint8Array(exact ? c.bytes(n) : Math.max(0, c.bytes(n) - 6 + more));
        bytes.set(noise.subarray(0, bytes.length));
        const out = new Float32Array(n).fill(7);
        const sum = out.slice();
        const code = codeOf(() => c.decompress(bytes, out));
        expect(codeOf(() => c.addDecompressed(bytes, sum))).toBe(code);
        if (code === 'none') return;
        expect(code).toBe('protocol');
        expect(out.every((v) => v === 7)).toBe(true);
        expect(sum.every((v) => v === 7)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('gradient descent on least squares with it reaches the optimum', () => {
    const [n, rows, next] = [40, 120, sequence(11)];
    const a = Float32Array.from({ length: rows * n }, next);
    const optimum = Float32Array.from({ length: n }, next);
    const [x, g, residuals] = [new Float32Array(n), new Float32Array(n), new Float32Array(rows)];
    const [state, out] = [c.init(n), new Uint8Array(c.bytes(n))];
    const lr = 0.15;
    for (let step = 0; step < 1500; step++) {
      for (let r = 0; r < rows; r++) {
        let sum = 0;
        for (let j = 0; j < n; j++) sum += a[r * n + j]! * (x[j]! - optimum[j]!);
        residuals[r] = sum;
      }
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let r = 0; r < rows; r++) sum += a[r * n + j]! * residuals[r]!;
        g[j] = (-lr * sum) / rows;
      }
      c.compress(g, state, out);
      c.addDecompressed(out, x);
    }
    for (let j = 0; j < n; j++) expect(Math.abs(x[j]! - optimum[j]!)).toBeLessThan(1e-4);
  });
});

describe('compressor', () => {
  it('top-k and 1-bit refuse a state', () => {
    const message = 'state';
    for (const options of [{ scheme: '1-bit', message } as const, { scheme: 'top-k', ratio: 0.1, message } as const]) {
      expect(() => compressor(options)).toThrow(`${options.scheme}: a delta expected, got state`);
      expect(codeOf(() => compressor(options))).toBe('configuration');
    }
  });

  it('refuses what it does not know', () => {
    expect(() => compressor({ scheme: 'zip', message: 'delta' } as unknown as CompressorOptions)).toThrow(
      'float32, fp16, bf16, int8, 1-bit or top-k expected, got zip',
    );
    expect(() => compressor({ scheme: 'fp16' } as unknown as CompressorOptions)).toThrow(
      'message delta or state expected, got undefined',
    );
  });

  it('a state is sent as it is, and nothing is remembered', () => {
    for (const scheme of ['float32', 'fp16', 'bf16', 'int8'] as const) {
      const c = compressor({ scheme, message: 'state' });
      const state = c.init(300);
      expect(state).toEqual({ residual: new Float32Array(0), velocity: new Float32Array(0) });
      const x = gradient(300, sequence(4));
      const [one, two] = [new Uint8Array(c.bytes(300)), new Uint8Array(c.bytes(300))];
      c.compress(x, state, one);
      c.compress(x, state, two);
      expect(two).toEqual(one);
    }
  });
});
