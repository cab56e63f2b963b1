import { describe, expect, it } from 'vitest';
import { KERNELS, PORTABLE } from '../lib/kernels.js';
import { addon } from '../lib/native.js';
import type { Vector } from '../lib/vector.js';

// Lengths around every vector width, and one that is many blocks long.
const LENGTHS = [0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 1000, 4099];

/** A sequence in [−1, 1), the same every time (Lehmer's generator), with zeros and tiny values among it. */
function values(n: number, seed: number): Float32Array<ArrayBuffer> {
  let x = seed * 48271 + 1;
  return Float32Array.from({ length: n }, (_, i) => {
    x = (x * 48271) % 2147483647;
    return i % 11 === 3 ? 0 : i % 13 === 5 ? 1e-30 : (2 * x) / 2147483647 - 1;
  });
}

/** Twins compute in double precision and round once, the kernels in single: the difference is a few roundings. */
function expectClose(got: Vector, wanted: Vector, what: string): void {
  for (let i = 0; i < wanted.length; i++) {
    const [a, b] = [got[i]!, wanted[i]!];
    if (Math.abs(a - b) > 2e-6 * Math.max(1, Math.abs(b)))
      expect.fail(`${what}: element ${i} of ${wanted.length}: ${b} expected, got ${a}`);
  }
}

type Vectors = Float32Array<ArrayBuffer>[];
type K = typeof PORTABLE;
const vectorKernels: Record<string, (k: K, v: Vectors) => void> = {
  add: (k, [a, b]) => k.add(a!, b!),
  axpy: (k, [a, b]) => k.axpy(-0.37, a!, b!),
  scale: (k, [a]) => k.scale(1.7, a!),
  scaledDifference: (k, [a, b, c]) => k.scaledDifference(0.3, a!, b!, c!),
  clip: (k, [a, b]) => k.clip(0.5, a!, b!),
  elastic: (k, [a, b, c]) => k.elastic(0.23, a!, b!, c!),
  rebase: (k, [a, b, c]) => k.rebase(a!, b!, c!),
  adagradApply: (k, [a, b, c]) => k.adagradApply(a!, b!.map(Math.abs) as Vectors[0], c!, { gamma: 0.1, epsilon: 1e-6 }),
  sgdStep: (k, [a, b]) => k.sgdStep(a!, b!, 0.01),
  momentumStep: (k, [a, b, c]) => k.momentumStep(a!, b!, c!, { lr: 0.1, momentum: 0.9, nesterov: false }),
  nesterovStep: (k, [a, b, c]) => k.momentumStep(a!, b!, c!, { lr: 0.1, momentum: 0.9, nesterov: true }),
  adagradStep: (k, [a, b, c, d]) => k.adagradStep(a!, b!, positive(c!, d!), { lr: 0.1, epsilon: 1e-7 }),
  rmspropStep: (k, [a, b, c, d]) => k.rmspropStep(a!, b!, positive(c!, d!), { lr: 0.01, rho: 0.9, epsilon: 1e-7 }),
  adamStep: (k, [a, b, c, d]) => {
    positive(d!, d!);
    k.adamStep(
      a!,
      b!,
      { m: c!, v: d! },
      { lr: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0.05, step: 3 },
    );
  },
};
function positive(v: Vectors[0], from: Vectors[0]): Vectors[0] {
  v.forEach((_, i) => {
    v[i] = 0.5 + Math.abs(from[i]!);
  });
  return v;
}

describe.runIf(addon().ok)('native kernels beside their TypeScript twins', () => {
  for (const [name, run] of Object.entries(vectorKernels)) {
    it(name, () => {
      for (const n of LENGTHS) {
        const twins = [1, 2, 3, 4].map((s) => values(n, s));
        const natives = twins.map((v) => v.slice());
        run(PORTABLE, twins);
        run(KERNELS, natives);
        natives.forEach((v, i) => {
          expectClose(v, twins[i]!, `${name} of ${n}, vector ${i}`);
        });
      }
    });
  }

  it('give one element the same bits wherever it stands, so that shards do not matter', () => {
    const whole = [1, 2, 3, 4].map((s) => values(1000, s));
    const parts = whole.map((v) => v.slice());
    for (const run of Object.values(vectorKernels)) {
      run(KERNELS, whole);
      for (const [from, to] of [
        [0, 333],
        [333, 667],
        [667, 1000],
      ]) {
        run(KERNELS, parts.map((v) => v.subarray(from, to)) as Vectors);
      }
    }
    expect(parts).toEqual(whole);
  });

  it('take vectors in shared memory, where other engines keep theirs', () => {
    const shared = (v: Vector): Vector => {
      const copy = new Float32Array(new SharedArrayBuffer(4 * v.length + 16), 16, v.length);
      copy.set(v);
      return copy;
    };
    for (const [name, run] of Object.entries(vectorKernels)) {
      const own = [1, 2, 3, 4].map((s) => values(100, s));
      const others = own.map(shared) as Vectors;
      run(KERNELS, own);
      run(KERNELS, others);
      expect(
        others.map((v) => Array.from(v)),
        name,
      ).toEqual(own.map((v) => Array.from(v)));
    }
    expect(KERNELS.crc32c(new Uint8Array(shared(values(9, 1)).buffer))).toBe(
      PORTABLE.crc32c(new Uint8Array(shared(values(9, 1)).buffer)),
    );
  });

  it('convert to smaller formats to the same bits', () => {
    const x = Float32Array.of(
      0,
      -0,
      1,
      -1.5,
      65504,
      65519.99,
      65520,
      1e9,
      -1e9,
      6e-8,
      2.9e-8,
      3e-8,
      6.1e-5,
      1 / 3,
      Infinity,
      -Infinity,
      ...values(99, 5),
    );
    for (const name of ['Half', 'Bfloat'] as const) {
      const [a, b] = [new Uint16Array(x.length), new Uint16Array(x.length)];
      KERNELS[`to${name}`](x, a);
      PORTABLE[`to${name}`](x, b);
      expect([...a]).toEqual([...b]);
      const [c, d] = [new Float32Array(x.length), new Float32Array(x.length)];
      KERNELS[`from${name}`](a, c);
      PORTABLE[`from${name}`](a, d);
      expect([...c]).toEqual([...d]);
    }
  });

  it('crc32c: any length and start, alone and continued', () => {
    const bytes = Uint8Array.from({ length: 10_007 }, (_, i) => (i * 131) ^ (i >> 5));
    for (const n of [0, 1, 7, 8, 9, 1023, 3071, 3072, 3073, 6200, 10_000]) {
      for (const from of [0, 1, 7]) {
        const part = bytes.subarray(from, from + n);
        expect(KERNELS.crc32c(part)).toBe(PORTABLE.crc32c(part));
        expect(KERNELS.crc32c(part, 12345)).toBe(PORTABLE.crc32c(part, 12345));
      }
    }
    expect(KERNELS.crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  });

  it('refuse vectors of different lengths and other types', () => {
    expect(() => KERNELS.add(new Float32Array(3), new Float32Array(4))).toThrow(
      'vectors of equal length expected, got 3, 4',
    );
    expect(() => KERNELS.add(new Float64Array(3) as unknown as Vector, new Float32Array(3))).toThrow(
      'a Float32Array expected',
    );
  });
});
