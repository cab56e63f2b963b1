import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { hasPca, PcaIncremental, PcaKrylov, PcaProjection, PcaScatter } from '../lib/pca.js';

const able = hasPca();

/** Rows × features small integers by a linear congruential generator. */
function bytes(rows: number, features: number, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: rows * features }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

/** S and μ by definition. */
function scatterOf(x: ArrayLike<number>, rows: number, d: number): { s: Float64Array; mean: Float64Array } {
  const [s, mean] = [new Float64Array(d * d), new Float64Array(d)];
  for (let i = 0; i < rows; i++) for (let j = 0; j < d; j++) mean[j]! += x[i * d + j]! / rows;
  for (let i = 0; i < rows; i++) {
    for (let a = 0; a < d; a++) {
      for (let b = 0; b < d; b++) s[a * d + b]! += (x[i * d + a]! - mean[a]!) * (x[i * d + b]! - mean[b]!);
    }
  }
  return { s, mean };
}

const largest = (x: ArrayLike<number>): number =>
  Array.from(x).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
function expectClose(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): void {
  expect(a.length).toBe(b.length);
  expect(largest(Array.from(a, (value, i) => value - b[i]!))).toBeLessThan(tolerance * (largest(b) || 1));
}

describe.skipIf(!able.ok)('principal components', () => {
  test.each([
    [1, 1, 1],
    [7, 5, 3],
    [300, 129, 64],
    [40, 270, 40],
  ])('scatter of %i × %i bytes in pieces of %i rows is exact', async (rows, d, piece) => {
    const x = bytes(rows, d);
    const expected = scatterOf(x, rows, d);
    const scatter = new PcaScatter({ features: d, threads: 2 });
    for (let i = 0; i < rows; i += piece) await scatter.add(x.subarray(i * d), Math.min(piece, rows - i));
    const [s, mean] = [new Float64Array(d * d), new Float64Array(d)];
    expect(await scatter.result(s, mean)).toBe(rows);
    expectClose(mean, expected.mean, 1e-14);
    expectClose(s, expected.s, 1e-12);
  });

  test.each([
    [60, 5, 1e-10],
    [90, 300, 1e-5],
  ])('scatter of %i × %i floats far from 0', async (rows, d, tolerance) => {
    const x = Float32Array.from(bytes(rows, d), (value) => 1000 + value / 256);
    const scatter = new PcaScatter({ features: d });
    await scatter.add(x, rows);
    const [s, mean] = [new Float64Array(d * d), new Float64Array(d)];
    await scatter.result(s, mean);
    expectClose(s, scatterOf(x, rows, d).s, tolerance);
  });

  test('many rows of the largest bytes do not overflow', async () => {
    const rows = 140_000;
    const x = new Uint8Array(rows * 2).fill(255);
    x[0] = 0;
    const scatter = new PcaScatter({ features: 2 });
    await scatter.add(x, rows);
    const [s, mean] = [new Float64Array(4), new Float64Array(2)];
    await scatter.result(s, mean);
    expect(mean[1]).toBe(255);
    expect(s[0]).toBeCloseTo(255 ** 2 * (1 - 1 / rows), 3);
    expect([s[1], s[3]]).toEqual([0, 0]);
  });

  test.each(['ALL', 'AVX2'])('bytes are multiplied exactly by a CPU with what %s has', (isa) => {
    const child = fileURLToPath(new URL('./scatter-bytes.mjs', import.meta.url));
    const env = { ...process.env, ONEDNN_MAX_CPU_ISA: isa };
    const { stdout, stderr } = spawnSync(process.execPath, [child], { env, encoding: 'utf8' });
    expect(stderr).toBe('');
    // Few features and many, of 0 and 255 alone: 16 bits do not hold the sum of two products.
    expect(JSON.parse(stdout)).toEqual([true, true]);
  });

  test('eigenpairs descend, and signs are fixed', async () => {
    const { values, vectors } = await new PcaScatter({ features: 3 }).eigen(
      Float64Array.of(2, 1, 0, 1, 2, 0, 0, 0, 5),
      3,
    );
    expectClose(values, [5, 3, 1], 1e-12);
    const h = Math.SQRT1_2;
    expectClose(vectors, [0, 0, 1, h, h, 0, h, -h, 0], 1e-6);
  });

  test('a Krylov basis of all directions gives every eigenpair, whatever rows are centred by', async () => {
    const [rows, d] = [50, 12];
    const x = bytes(rows, d);
    const expected = scatterOf(x, rows, d);
    const exact = await new PcaScatter({ features: d }).eigen(expected.s.slice(), d);
    const krylov = new PcaKrylov({ features: d, most: d, block: 5 });
    let q = await krylov.start(5, 3);
    for (let size = 5, width = 5; ; ) {
      await krylov.begin(q, width, Float32Array.from(expected.mean));
      const sums = new Float64Array(d);
      const squares = (await krylov.power(x, 20, sums)) + (await krylov.power(x.subarray(20 * d), 30, sums));
      expect(largest(sums)).toBeLessThan(1e-2);
      expect(squares).toBeCloseTo(
        expected.s.reduce((sum, value, i) => sum + (i % (d + 1) === 0 ? value : 0), 0),
        -1,
      );
      const next = Math.min(5, d - size);
      q = await krylov.extend(await krylov.product(), next);
      if (next === 0) break;
      size += next;
      width = next;
    }
    const { values, vectors } = await krylov.ritz(d);
    expectClose(values, exact.values, 1e-5);
    expectClose(vectors.subarray(0, 4 * d), exact.vectors.subarray(0, 4 * d), 1e-3);
    const gram = Array.from({ length: d * d }, (_, i) => {
      const [a, b] = [Math.floor(i / d) * d, (i % d) * d];
      return vectors.subarray(a, a + d).reduce((sum, value, j) => sum + value * vectors[b + j]!, 0);
    });
    expectClose(
      gram,
      Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0)),
      1e-5,
    );
  });

  test('rows of rank one still have an orthonormal basis', async () => {
    const d = 6;
    const x = Float32Array.from({ length: 8 * d }, (_, i) => Math.floor(i / d) * (i % d));
    const krylov = new PcaKrylov({ features: d, most: d, block: 1 });
    let q = await krylov.start(1, 1);
    const mean = Float32Array.from({ length: d }, (_, j) => 3.5 * j);
    for (let size = 1; ; size++) {
      await krylov.begin(q, 1, mean);
      await krylov.power(x, 8);
      const next = size < d ? 1 : 0;
      q = await krylov.extend(await krylov.product(), next);
      if (next === 0) break;
    }
    const { values } = await krylov.ritz(d);
    // Σ (i − 3.5)² Σ j²
    expectClose(values, [42 * 55, 0, 0, 0, 0, 0], 1e-5);
  });

  test('the unit of the data makes no difference', async () => {
    const [rows, d] = [40, 24];
    const directions = async (unit: number): Promise<Float32Array> => {
      const x = Float32Array.from(bytes(rows, d), (value) => unit * value);
      const krylov = new PcaKrylov({ features: d, most: 12, block: 4 });
      let q = await krylov.start(4, 1);
      for (const next of [4, 4, 0]) {
        await krylov.begin(q, 4, new Float32Array(d));
        await krylov.power(x, rows);
        q = await krylov.extend(await krylov.product(), next);
      }
      return (await krylov.ritz(3)).vectors;
    };
    const expected = await directions(1);
    for (const unit of [2 ** -50, 2 ** 45]) expect(await directions(unit)).toEqual(expected);
  });

  test('rows of millions of features', async () => {
    const [rows, d] = [3, 3_000_000];
    const krylov = new PcaKrylov({ features: d, most: 4, block: 2 });
    const q = await krylov.start(2, 1);
    for (const [a, b] of [
      [0, 0],
      [1, 1],
      [0, 1],
    ] as const) {
      let dot = 0;
      for (let j = 0; j < d; j++) dot += q[a * d + j]! * q[b * d + j]!;
      expect(dot).toBeCloseTo(a === b ? 1 : 0, 5);
    }
    await krylov.begin(q, 2, new Float32Array(d));
    const x = new Uint8Array(rows * d);
    for (let i = 0; i < rows; i++) x.fill(i + 1, i * d, (i + 1) * d);
    await krylov.power(x, rows);
    await krylov.begin(await krylov.extend(await krylov.product(), 2), 2, new Float32Array(d));
    await krylov.power(x, rows);
    await krylov.extend(await krylov.product(), 0);
    const { values } = await krylov.ritz(1);
    expect(values[0]! / (14 * d)).toBeCloseTo(1, 5);
  });

  test('values whose squares overflow are refused in one line', async () => {
    const [rows, d] = [8, 300];
    const x = Float32Array.from(bytes(rows, d), (value) => 1e25 * value);
    const refusal = { code: 'bad-argument', message: expect.stringContaining('values too large') };
    const scatter = new PcaScatter({ features: d });
    await scatter.add(x, rows);
    const s = new Float64Array(d * d);
    await scatter.result(s, new Float64Array(d));
    await expect(scatter.eigen(s, 2)).rejects.toMatchObject(refusal);
    const krylov = new PcaKrylov({ features: d, most: 4, block: 2 });
    await krylov.begin(await krylov.start(2, 1), 2, new Float32Array(d));
    await krylov.power(x, rows);
    await expect(krylov.extend(await krylov.product(), 2)).rejects.toMatchObject(refusal);
    await expect(new PcaIncremental({ features: d, components: 2, most: 8 }).add(x, rows)).rejects.toMatchObject(
      refusal,
    );
  });

  test('a thread, and a process, may end in the middle of a call', () => {
    const child = fileURLToPath(new URL('./pca-exit.mjs', import.meta.url));
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, [child], { encoding: 'utf8' });
    expect({ status, signal, stdout, stderr }).toEqual({
      ...{ status: 7, signal: null, stderr: '' },
      stdout: 'the thread has ended\n',
    });
  });

  test('calls out of order are refused', async () => {
    const krylov = new PcaKrylov({ features: 4, most: 4, block: 2 });
    const q = new Float32Array(8);
    await krylov.begin(q, 2, new Float32Array(4));
    await expect(krylov.extend(q, 1)).rejects.toThrow('extend: a start() before it expected');
    await krylov.start(2, 1);
    await krylov.begin(q, 1, new Float32Array(4));
    await expect(krylov.extend(await krylov.product(), 1)).rejects.toThrow('w: at least 8 elements expected, got 4');
    // Two that do not wait for one another do not go beyond the basis.
    const first = krylov.extend(q, 2);
    await expect(krylov.extend(q, 1)).rejects.toThrow('next: a whole number from 0 to 0 expected, got 1');
    expect(await first).toHaveLength(8);
  });

  test('a projection and the way back', async () => {
    const components = Float32Array.of(0.6, 0.8, 0, 0, 0, 1);
    const projection = new PcaProjection({ features: 3, components, count: 2, mean: Float32Array.of(1, 1, 1) });
    const scores = new Float32Array(4);
    await projection.project(Uint8Array.of(2, 3, 4, 1, 1, 1), 2, scores);
    expectClose(scores, [2.2, 3, 0, 0], 1e-6);
    const back = new Float32Array(6);
    await projection.reconstruct(scores, 2, back);
    expectClose(back, [2.32, 2.76, 4, 1, 1, 1], 1e-6);
  });

  test('an incremental one that keeps everything is exact, in batches and merged', async () => {
    const [rows, d] = [40, 6];
    const x = bytes(rows, d, 5);
    const expected = scatterOf(x, rows, d);
    const exact = await new PcaScatter({ features: d }).eigen(expected.s.slice(), d);
    const [a, b] = [0, 1].map(() => new PcaIncremental({ features: d, components: d, most: 30 })) as [
      PcaIncremental,
      PcaIncremental,
    ];
    await a.add(x, 4);
    await a.add(x.subarray(4 * d), 13);
    await b.add(x.subarray(17 * d), 23);
    await a.merge(await b.state());
    const state = await a.state();
    expect(state.count).toBe(rows);
    expectClose(state.mean, expected.mean, 1e-12);
    const { singular, vectors } = await a.result();
    expectClose(
      singular.map((sigma) => sigma ** 2),
      exact.values,
      1e-4,
    );
    expectClose(vectors, exact.vectors, 1e-3);
  });

  test.each([
    ['of few directions', 6, 40, (i: number) => (i < 3 ? 9 - i : 0)],
    ['that fall off fast', 20, 40, (i: number) => 1000 * 0.5 ** i],
    ['of one value', 5, 40, () => 0],
  ])('an incremental one of rows %s gives orthonormal directions and their lengths', async (_, count, rows, sigma) => {
    const d = 64;
    // Rows and columns of a Hadamard matrix are orthogonal; rows 1 to 63 have mean 0.
    const hadamard = (i: number, j: number): number => {
      let bits = i & j;
      let sign = 1;
      for (; bits > 0; bits >>= 1) if (bits & 1) sign = -sign;
      return sign / 8;
    };
    const x = new Float32Array(64 * d);
    for (let k = 0; k < count; k++) {
      for (let i = 0; i < 64; i++)
        for (let j = 0; j < d; j++) x[i * d + j]! += sigma(k) * hadamard(k + 1, i) * hadamard(2 * k + 1, j);
    }
    const incremental = new PcaIncremental({ features: d, components: count, most: rows });
    await incremental.add(x, rows);
    await incremental.add(x.subarray(rows * d), 64 - rows);
    const { singular, vectors } = await incremental.result();
    for (let a = 0; a < count; a++) {
      // A batch's directions are chosen by squares in float32: √ε of the longest.
      expect(Math.abs(singular[a]! - sigma(a))).toBeLessThan(3.5e-4 * Math.max(1, sigma(0)));
      for (let b = 0; b <= a; b++) {
        let dot = 0;
        for (let j = 0; j < d; j++) dot += vectors[a * d + j]! * vectors[b * d + j]!;
        expect(dot).toBeCloseTo(a === b ? 1 : 0, 5);
      }
    }
  });

  test('arguments are refused in one line', async () => {
    const bad = { code: 'bad-argument' };
    expect(() => new PcaScatter({ features: 0 })).toThrow(expect.objectContaining(bad));
    expect(() => new PcaScatter({ features: 50_000 })).toThrow(expect.objectContaining(bad));
    expect(() => new PcaKrylov({ features: 4, most: 5, block: 1 })).toThrow(
      'most: a whole number from 1 to 4 expected, got 5',
    );
    const krylov = new PcaKrylov({ features: 4, most: 4, block: 2 });
    await expect(krylov.start(3, 1)).rejects.toMatchObject(bad);
    await expect(new PcaScatter({ features: 4 }).add(new Uint8Array(7), 2)).rejects.toThrow(
      'x: at least 8 elements expected, got 7',
    );
  });
});

test.skipIf(able.ok)('without OpenBLAS a line says so', () => {
  expect(able).toMatchObject({ ok: false, reason: expect.any(String) });
  expect(() => new PcaScatter({ features: 1 })).toThrow(expect.objectContaining({ code: 'no-addon' }));
});
