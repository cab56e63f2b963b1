/** The addon, in the order of src/addon.cc: vector kernels, those of compression, the engine, files, PCA, JPEG, then collectives. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { EnginePlan } from './plan.js';
import type { Vector } from './vector.js';

/** One compiled plan, as src/engine/engine-binding.cc has it. Use {@link Engine} of engine.ts, which checks what it is given. */
export interface NativeEngine {
  readonly parameters: Vector;
  readonly gradients: Vector;
  readonly state: Vector;
  /** kind: 0 gradient, 1 step, 2 evaluate, 3 predict. */
  run(
    kind: number,
    inputs: Uint8Array | Float32Array,
    targets: Uint16Array | Float32Array | null,
    weights: Float32Array | null,
    size: number,
    optimizer: object | null,
  ): Promise<unknown>;
  dispose(): void;
  profile(): { kind: string; name: string; forwardMs: number; backwardMs: number }[];
  reorders(): number;
}

/** The thread of one rank's collectives, as src/collectives/runner-binding.cc has it. Use CollectiveRunner of collective-runner.ts. */
export interface NativeCollectiveRunner {
  run(vector: Vector, sends: Float64Array, receives: Float64Array, head: Uint8Array, o: object): Promise<NativeOutcome>;
  abort(): void;
  close(): void;
}

/** CollectiveOutcome with its failure as a number. */
interface NativeOutcome {
  readonly failure: number;
}

/** What the constructors of PCA take, as src/pca/pca-binding.cc has them. Use the classes of pca.ts, which check what they are given. */
export interface NativePca {
  readonly features: number;
  readonly device: string;
  readonly threads: number;
  /** Paths of CUDA's libraries; empty: by name. */
  readonly runtime: string;
  readonly blas: string;
  readonly solver: string;
}

interface NativePcaObject {
  /** Of the device. */
  readonly name: string;
}

type PcaRows = Uint8Array | Float32Array;

interface NativePcaScatter extends NativePcaObject {
  add(x: PcaRows, rows: number): Promise<number>;
  result(scatter: Float64Array, mean: Float64Array): Promise<number>;
  eigen(matrix: Float64Array, count: number, values: Float64Array, vectors: Vector): Promise<number>;
}

interface NativePcaKrylov extends NativePcaObject {
  start(block: number, seed: number, q: Vector): Promise<number>;
  begin(q: Vector, block: number, shift: Vector): Promise<number>;
  power(x: PcaRows, rows: number, sums: Float64Array | null): Promise<number>;
  product(w: Vector): Promise<number>;
  extend(w: Vector, next: number, q: Vector | null): Promise<number>;
  ritz(count: number, values: Float64Array, vectors: Vector): Promise<number>;
}

interface NativePcaIncremental extends NativePcaObject {
  add(x: PcaRows, rows: number): Promise<number>;
  merge(scaled: Vector, rows: number, mean: Float64Array, count: number, squares: number): Promise<number>;
  /** counts: rank, rows, squares */
  state(scaled: Vector, mean: Float64Array, counts: Float64Array): Promise<number>;
  result(singular: Float64Array, vectors: Vector): Promise<number>;
}

interface NativePcaProjection extends NativePcaObject {
  project(x: PcaRows, rows: number, out: Vector): Promise<number>;
  reconstruct(y: Vector, rows: number, out: Vector): Promise<number>;
}

/** What weft.node exports. */
export interface NativeAddon {
  /** Which instruction set the kernels use: 'avx512', 'avx2' or 'portable'. */
  readonly kernels: string;
  /** The ways to compute CRC-32C that this CPU runs, of 'avx512', 'pclmul', 'sse4.2', 'portable': crc32c uses the first. */
  readonly crc32cKinds: readonly string[];
  add(x: Vector, y: Vector): void;
  axpy(a: number, x: Vector, y: Vector): void;
  scale(a: number, x: Vector): void;
  scaledDifference(a: number, x: Vector, y: Vector, out: Vector): void;
  elastic(alpha: number, x: Vector, center: Vector, d: Vector): void;
  rebase(center: Vector, x: Vector, base: Vector): void;
  adagradApply(delta: Vector, sum: Vector, center: Vector, gamma: number, epsilon: number): void;
  sgdStep(x: Vector, g: Vector, lr: number): void;
  momentumStep(x: Vector, g: Vector, v: Vector, lr: number, momentum: number, nesterov: boolean): void;
  adagradStep(x: Vector, g: Vector, a: Vector, lr: number, epsilon: number): void;
  rmspropStep(x: Vector, g: Vector, v: Vector, lr: number, rho: number, epsilon: number): void;
  /** x, g, m, v, lr, beta1, beta2, epsilon, weightDecay, step */
  adamStep(x: Vector, g: Vector, m: Vector, v: Vector, ...o: number[]): void;
  toHalf(x: Vector, out: Uint16Array): void;
  fromHalf(x: Uint16Array, out: Vector): void;
  toBfloat(x: Vector, out: Uint16Array): void;
  fromBfloat(x: Uint16Array, out: Vector): void;
  clip(limit: number, x: Vector, out: Vector): void;
  int8EncodeBlocks(x: Vector, out: Uint8Array): void;
  int8DecodeBlocks(bytes: Uint8Array, out: Vector): void;
  oneBitEncodeBlocks(x: Vector, out: Uint8Array): void;
  oneBitDecodeBlocks(bytes: Uint8Array, out: Vector): void;
  topK(x: Vector, indexes: Uint32Array, values: Vector): void;
  /** a, b, c; rows, columns, depth; transposeA, transposeB */
  matrixProduct(...o: [Vector, Vector, Vector, number, number, number, boolean, boolean]): void;
  orthonormalize(p: Vector, columns: number): void;
  crc32c(bytes: Uint8Array, previous: number, start: number, end: number): number;
  crc32cMismatch(bytes: Uint8Array, chunkBytes: number, sums: Uint8Array): number;
  /** By one of crc32cKinds: for tests. */
  crc32cBy(kind: string, bytes: Uint8Array, previous: number): number;
  readonly Engine: new (plan: EnginePlan & { threads: number }) => NativeEngine;
  /** lengths: of each file, −1 for none. */
  readFiles(paths: readonly string[], into: Uint8Array, lengths: Float64Array): Promise<void>;
  /** Where the addon was built with OpenBLAS. */
  readonly PcaScatter?: new (
    o: NativePca,
  ) => NativePcaScatter;
  readonly PcaKrylov?: new (o: NativePca & { most: number; block: number }) => NativePcaKrylov;
  readonly PcaIncremental?: new (o: NativePca & { components: number; most: number }) => NativePcaIncremental;
  readonly PcaProjection?: new (o: NativePca, components: Vector, count: number, mean: Vector) => NativePcaProjection;
  /** Where the addon was built with libjpeg: images, out, height, width, channels → null or a line for each. */
  decodeJpegs?(images: readonly Uint8Array[], out: Uint8Array, ...form: number[]): Promise<(string | null)[]>;
  /** On Linux only. */
  readonly CollectiveRunner?: new (
    receive: number[],
    send: number[],
    rests: Uint8Array[],
    spins: number,
  ) => NativeCollectiveRunner;
}

/** The addon, or why it is not there. */
export type AddonResult =
  | { readonly ok: true; readonly addon: NativeAddon }
  | { readonly ok: false; readonly reason: string };

const FILE = fileURLToPath(new URL('../build/Release/weft.node', import.meta.url));
let result: AddonResult | undefined;

/**
 * Loads build/Release/weft.node once; the answer stays.
 *
 * @example
 * const found = addon();
 * console.log(found.ok ? `native kernels: ${found.addon.kernels}` : `no addon: ${found.reason}`);
 */
export function addon(): AddonResult {
  result ??= load();
  return result;
}

function load(): AddonResult {
  try {
    // OpenMP serves only the convolutions that oneDNN shares out; it reads this once, when it is loaded. Threads that spin at a
    // barrier keep the core from those that work: with one core busy elsewhere, a step took 10 to 60 times as long.
    process.env['OMP_WAIT_POLICY'] ??= 'passive';
    return { ok: true, addon: createRequire(import.meta.url)(FILE) as NativeAddon };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND')
      return { ok: false, reason: 'not built: npm run setup builds it where a compiler and oneDNN are' };
    return { ok: false, reason: (message.split('\n', 1)[0] ?? '').trim() };
  }
}
