import { rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { type CudaLibraries, hasPca, PcaIncremental, PcaKrylov, PcaProjection, PcaScatter } from '../lib/pca.js';
import { fakeCuda } from './fake-cuda.js';

const dir = hasPca().ok ? fakeCuda() : null;
const at = (name: string): CudaLibraries => ({
  runtime: join(dir!, `${name}cudart.so`),
  blas: join(dir!, `${name}cublas.so`),
  solver: join(dir!, `${name}cusolver.so`),
});
const gpu = (d: number) => ({ features: d, device: 'gpu', libraries: at('lib') }) as const;
const cpu = (d: number) => ({ features: d, device: 'cpu', threads: 1 }) as const;

afterAll(() => dir && rmSync(dir, { recursive: true }));
afterEach(() => {
  for (const name of ['FAKE_CUDA_BYTES', 'FAKE_CUDA_DEVICES', 'FAKE_CUDA_FAIL_AT']) delete process.env[name];
});

/** Rows about 50, of which the first features vary most. */
function rowsOf(rows: number, d: number): Float32Array {
  let state = 7;
  return Float32Array.from({ length: rows * d }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 50 + ((state / 2 ** 32 - 0.5) * 100) / (1 + (i % d));
  });
}

function expectClose(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): void {
  const most = Array.from(b).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const differences = Array.from(a, (value, i) => Math.abs(value - b[i]!));
  expect(a.length).toBe(b.length);
  expect(Math.max(...differences)).toBeLessThan(tolerance * most);
}

// Through a table of functions as CUDA's libraries have them, carried out on the CPU: a real GPU is not needed, nor used.
describe.skipIf(dir === null)('on a stand-in for a GPU', () => {
  test('it is named', () => {
    expect(new PcaScatter(gpu(2)).name).toBe('Fake GPU');
    expect(new PcaScatter(cpu(2)).name).toBe('cpu, 1 thread');
  });

  test('Krylov iteration, several blocks of rows, bytes and floats', async () => {
    const d = 20_000;
    const x = rowsOf(300, d);
    const bytes = Uint8Array.from(x);
    const axes = [];
    for (const o of [gpu(d), cpu(d)]) {
      const krylov = new PcaKrylov({ ...o, most: 4, block: 2 });
      const shift = new Float32Array(d).fill(50);
      const sums = new Float64Array(d);
      let q = await krylov.start(2, 1);
      await krylov.begin(q, 2, shift);
      const squares = (await krylov.power(x, 300, sums)) + (await krylov.power(bytes, 290, sums));
      const first = await krylov.product();
      q = await krylov.extend(first, 2);
      await krylov.begin(q, 2, shift);
      await krylov.power(x, 300);
      await krylov.power(bytes, 290);
      await krylov.extend(await krylov.product(), 0);
      axes.push({ squares, first, ...(await krylov.ritz(2)) });
    }
    const [a, b] = axes as [(typeof axes)[0], (typeof axes)[0]];
    expect(a.squares).toBe(b.squares);
    expectClose(a.first, b.first, 1e-5);
    expectClose(a.values, b.values, 1e-5);
    expectClose(a.vectors, b.vectors, 1e-4);
  });

  test('scatter of floats, its eigenvectors by cuSOLVER, and projection', async () => {
    const d = 300;
    const x = rowsOf(50, d);
    const found = [];
    for (const o of [gpu(d), cpu(d)]) {
      const scatter = new PcaScatter(o);
      await scatter.add(x, 50);
      const [s, mean] = [new Float64Array(d * d), new Float64Array(d)];
      await scatter.result(s, mean);
      const { values, vectors } = await scatter.eigen(s, 3);
      const scores = new Float32Array(50 * 3);
      const back = new Float32Array(50 * d);
      const projection = new PcaProjection({ ...o, components: vectors, count: 3, mean: Float32Array.from(mean) });
      await projection.project(x, 50, scores);
      await projection.reconstruct(scores, 50, back);
      found.push({ values, vectors, scores, back });
    }
    const [a, b] = found as [(typeof found)[0], (typeof found)[0]];
    expectClose(a.values, b.values, 1e-5);
    expectClose(a.vectors, b.vectors, 1e-4);
    expectClose(a.scores, b.scores, 1e-4);
    expectClose(a.back, b.back, 1e-5);
  });

  test('incremental', async () => {
    const d = 40;
    const x = rowsOf(60, d);
    const found = [];
    for (const o of [gpu(d), cpu(d)]) {
      const incremental = new PcaIncremental({ ...o, components: 3, most: 30 });
      await incremental.add(x, 30);
      await incremental.add(x.subarray(30 * d), 30);
      found.push(await incremental.result());
    }
    expectClose(found[0]!.singular, found[1]!.singular, 1e-5);
    expectClose(found[0]!.vectors, found[1]!.vectors, 1e-4);
  });

  test('too little memory is said at the start, before rows have been taken', () => {
    process.env['FAKE_CUDA_BYTES'] = '1000000';
    const make = () => new PcaKrylov({ ...gpu(4096), most: 64, block: 32 });
    expect(make).toThrow(expect.objectContaining({ code: 'out-of-memory', message: expect.stringContaining('gpu') }));
  });

  test('a product that fails says so, and the object can still be let go of', async () => {
    const krylov = new PcaKrylov({ ...gpu(8), most: 4, block: 2 });
    process.env['FAKE_CUDA_FAIL_AT'] = '1';
    await expect(krylov.start(2, 1)).rejects.toMatchObject({ code: 'device-failed', message: 'gpu: cuBLAS status 13' });
  });

  test('no GPU, no library, or one without a function is one line', () => {
    const none = { code: 'no-device' };
    process.env['FAKE_CUDA_DEVICES'] = '0';
    expect(() => new PcaScatter(gpu(2))).toThrow('no GPU: CUDA finds none');
    expect(() => new PcaScatter({ ...gpu(2), libraries: at('missing') })).toThrow(expect.objectContaining(none));
    const other = join(dir!, 'othercudart.so');
    const addon = createRequire(import.meta.url).resolve('../build/Release/weft.node');
    symlinkSync(addon, other);
    expect(() => new PcaScatter({ ...gpu(2), libraries: { ...at('lib'), runtime: other } })).toThrow(
      'no GPU: CUDA has no cudaGetDeviceCount',
    );
  });
});
