/**
 * Principal components by the addon: exact ones of a covariance matrix, randomized ones by block Krylov iteration, incremental ones, and the
 * projection onto them. Each object computes on a thread of Node's pool; rows, blocks and results are not to be touched until a call's
 * promise has settled. Calls of one object run one after the other.
 */
import { availableParallelism } from 'node:os';
import { NativeError } from './errors.js';
import { addon, type NativeAddon, type NativePca } from './native.js';
import type { Vector } from './vector.js';

/** Where CUDA's libraries are, where the loader does not find them by name. */
export interface CudaLibraries {
  readonly runtime: string;
  readonly blas: string;
  readonly solver: string;
}

/** What every object of this file is made with. */
export interface PcaOptions {
  /** Values of a row. */
  readonly features: number;
  /** 'gpu': the first one, through CUDA's libraries of this machine. Default 'cpu': OpenBLAS. */
  readonly device?: 'cpu' | 'gpu' | undefined;
  /** On the CPU. Default: all cores. */
  readonly threads?: number | undefined;
  readonly libraries?: CudaLibraries | undefined;
}

/** Features of a PcaScatter, at most: LAPACK counts the elements of a matrix in 32 bits. */
export const MOST_SCATTER_FEATURES = 46_340;

/** Rows of data, row-major, rows × features. */
export type PcaRows = Uint8Array | Float32Array;

/** Whether the addon is there and has PCA, or why not. */
export function hasPca(): { readonly ok: true } | { readonly ok: false; readonly reason: string } {
  const found = addon();
  if (!found.ok) return found;
  if (found.addon.PcaKrylov) return { ok: true };
  return { ok: false, reason: 'built without OpenBLAS: npm run setup builds it where libopenblas-dev is' };
}

type PcaClasses = Required<Pick<NativeAddon, 'PcaScatter' | 'PcaKrylov' | 'PcaIncremental' | 'PcaProjection'>>;

function classes(): PcaClasses {
  const found = addon();
  const able = hasPca();
  if (!found.ok || !able.ok) throw new NativeError('no-addon', `pca: ${able.ok ? '' : able.reason}`);
  return found.addon as PcaClasses;
}

function whole(name: string, value: number, least: number, most = 2 ** 31 - 1): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new NativeError('bad-argument', `${name}: a whole number from ${least} to ${most} expected, got ${value}`);
}

function nativeOptions(o: PcaOptions): NativePca {
  const { runtime = '', blas = '', solver = '' } = o.libraries ?? {};
  return {
    features: whole('features', o.features, 1),
    device: o.device ?? 'cpu',
    threads: whole('threads', o.threads ?? availableParallelism(), 1, 1024),
    runtime,
    blas,
    solver,
  };
}

function expectLength(name: string, array: { readonly length: number }, least: number): void {
  if (array.length >= least) return;
  throw new NativeError('bad-argument', `${name}: at least ${least} elements expected, got ${array.length}`);
}

/** The addon's errors carry their code. */
function translated(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'no-device' && code !== 'out-of-memory' && code !== 'device-failed' && code !== 'bad-argument')
    return error;
  return new NativeError(code, message, { cause: error });
}

function make<T>(construct: (found: PcaClasses) => T): T {
  try {
    return construct(classes());
  } catch (error) {
    throw translated(error);
  }
}

/** One call of the addon after the other; what fails stays with its caller. */
class Turn {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#last.then(call).catch((error: unknown) => {
      throw translated(error);
    });
    this.#last = result.catch(() => {});
    return result;
  }
}

/**
 * S = Σ (x − μ)(x − μ)ᵀ of rows that come in pieces, and its eigenvectors: exact, for few features, d² doubles. Bytes are summed exactly.
 *
 * @throws NativeError no-addon, bad-argument; no-device, out-of-memory, device-failed of a GPU, also from its methods
 * @example
 * const scatter = new PcaScatter({ features: 784 });
 * await scatter.add(pixels, 10_000);
 */
export class PcaScatter {
  readonly #native: InstanceType<PcaClasses['PcaScatter']>;
  readonly #features: number;
  readonly #turn = new Turn();

  constructor(o: PcaOptions) {
    whole('features', o.features, 1, MOST_SCATTER_FEATURES);
    this.#native = make((found) => new found.PcaScatter(nativeOptions(o)));
    this.#features = o.features;
  }

  /** The device, for people. */
  get name(): string {
    return this.#native.name;
  }

  async add(x: PcaRows, rows: number): Promise<void> {
    expectLength('x', x, whole('rows', rows, 0) * this.#features);
    await this.#turn.run(() => this.#native.add(x, rows));
  }

  /** S (d × d, whole) and μ. @returns the number of rows */
  result(scatter: Float64Array, mean: Float64Array): Promise<number> {
    expectLength('scatter', scatter, this.#features ** 2);
    expectLength('mean', mean, this.#features);
    return this.#turn.run(() => this.#native.result(scatter, mean));
  }

  /** The `count` largest eigenvalues, descending, of a symmetric d × d matrix, which is destroyed, and their vectors, count × d. */
  async eigen(matrix: Float64Array, count: number): Promise<{ values: Float64Array; vectors: Vector }> {
    expectLength('matrix', matrix, this.#features ** 2);
    const values = new Float64Array(whole('count', count, 1, this.#features));
    const vectors = new Float32Array(count * this.#features);
    await this.#turn.run(() => this.#native.eigen(matrix, count, values, vectors));
    return { values, vectors };
  }
}

/**
 * The largest eigenpairs of S, which is never formed, by randomized block Krylov iteration: each pass over the rows multiplies S with a
 * block of directions, and all blocks together are the basis in which the eigenpairs are found. Directions are rows: count × d.
 *
 * @see Musco, Musco: Randomized Block Krylov Methods for Stronger and Faster Approximate Singular Value Decomposition, NeurIPS 2015
 * @throws as PcaScatter
 * @example
 * const krylov = new PcaKrylov({ features: 16_384, most: 512, block: 64 });
 * const q = await krylov.start(64, 1);
 * await krylov.begin(q, 64, mean);
 * await krylov.power(pixels, rows); // all rows, in pieces
 * const next = await krylov.extend(await krylov.product(), 64);
 */
export class PcaKrylov {
  readonly #native: InstanceType<PcaClasses['PcaKrylov']>;
  readonly #features: number;
  readonly #turn = new Turn();
  // As they are when the calls made so far are done.
  #block = 0;
  #size = 0;
  #last = 0;
  readonly #most: number;
  readonly #widest: number;

  /** @param o.most directions of the whole basis @param o.block directions of one pass, at most */
  constructor(o: PcaOptions & { readonly most: number; readonly block: number }) {
    this.#most = whole('most', o.most, 1, o.features);
    this.#widest = whole('block', o.block, 1, o.most);
    this.#native = make((found) => new found.PcaKrylov({ ...nativeOptions(o), most: o.most, block: o.block }));
    this.#features = o.features;
  }

  /** The device, for people. */
  get name(): string {
    return this.#native.name;
  }

  /** The first block, orthonormal, from random signs. The basis is kept by this object from here on: by one worker of a group. */
  async start(block: number, seed: number): Promise<Vector> {
    const q = new Float32Array(whole('block', block, 1, this.#widest) * this.#features);
    this.#size = block;
    this.#last = block;
    await this.#turn.run(() => this.#native.start(block, seed, q));
    return q;
  }

  /** Begins a pass with a block of orthonormal directions. @param shift what rows are centred by */
  async begin(q: Vector, block: number, shift: Vector): Promise<void> {
    expectLength('q', q, whole('block', block, 1, this.#widest) * this.#features);
    expectLength('shift', shift, this.#features);
    this.#block = block;
    await this.#turn.run(() => this.#native.begin(q, block, shift));
  }

  /** Takes rows of this pass. @param sums where given, Σ (x − shift) is added to it @returns Σ |x − shift|², where sums was given */
  power(x: PcaRows, rows: number, sums: Float64Array | null = null): Promise<number> {
    expectLength('x', x, whole('rows', rows, 0) * this.#features);
    if (sums) expectLength('sums', sums, this.#features);
    return this.#turn.run(() => this.#native.power(x, rows, sums));
  }

  /** W = Q S of the rows of this pass, block × d. */
  async product(): Promise<Vector> {
    const w = new Float32Array(this.#block * this.#features);
    await this.#turn.run(() => this.#native.product(w));
    return w;
  }

  /** Takes W of all rows of all workers. @returns the next block, of `next` directions; empty where next is 0 */
  async extend(w: Vector, next: number): Promise<Vector> {
    if (this.#last === 0) throw new NativeError('bad-argument', 'extend: a start() before it expected');
    expectLength('w', w, this.#last * this.#features);
    whole('next', next, 0, Math.min(this.#last, this.#most - this.#size));
    const q = new Float32Array(next * this.#features);
    this.#size += next;
    this.#last = next;
    await this.#turn.run(() => this.#native.extend(w, next, next > 0 ? q : null));
    return q;
  }

  /** The `count` largest eigenvalues of S within the basis, descending, and their vectors, count × d. */
  async ritz(count: number): Promise<{ values: Float64Array; vectors: Vector }> {
    const values = new Float64Array(whole('count', count, 1, this.#size));
    const vectors = new Float32Array(count * this.#features);
    await this.#turn.run(() => this.#native.ritz(count, values, vectors));
    return { values, vectors };
  }
}

/** What an incremental PCA has seen: Σ V (rank × d), μ, the number of rows and Σ |x − μ|². */
export interface IncrementalState {
  readonly scaled: Vector;
  readonly rank: number;
  readonly mean: Float64Array;
  readonly count: number;
  readonly squares: number;
}

/**
 * Principal components of rows that are seen once, batch by batch.
 *
 * @see Ross, Lim, Lin, Yang: Incremental Learning for Robust Visual Tracking, IJCV 77 (2008)
 * @throws as PcaScatter
 */
export class PcaIncremental {
  readonly #native: InstanceType<PcaClasses['PcaIncremental']>;
  readonly #features: number;
  readonly #components: number;
  readonly #most: number;
  readonly #turn = new Turn();

  /** @param o.components to keep @param o.most rows of a batch, at most */
  constructor(o: PcaOptions & { readonly components: number; readonly most: number }) {
    this.#components = whole('components', o.components, 1, o.features);
    this.#most = whole('most', o.most, 1);
    this.#native = make(
      (found) => new found.PcaIncremental({ ...nativeOptions(o), components: o.components, most: o.most }),
    );
    this.#features = o.features;
  }

  /** The device, for people. */
  get name(): string {
    return this.#native.name;
  }

  /** One batch. */
  async add(x: PcaRows, rows: number): Promise<void> {
    expectLength('x', x, whole('rows', rows, 0, this.#most) * this.#features);
    await this.#turn.run(() => this.#native.add(x, rows));
  }

  /** Adds what another one, of other rows, has seen. */
  async merge({ scaled, rank, mean, count, squares }: IncrementalState): Promise<void> {
    expectLength('scaled', scaled, whole('rank', rank, 0, this.#components) * this.#features);
    expectLength('mean', mean, this.#features);
    await this.#turn.run(() => this.#native.merge(scaled, rank, mean, count, squares));
  }

  async state(): Promise<IncrementalState> {
    const scaled = new Float32Array(this.#components * this.#features);
    const mean = new Float64Array(this.#features);
    const counts = new Float64Array(3);
    await this.#turn.run(() => this.#native.state(scaled, mean, counts));
    const [rank = 0, count = 0, squares = 0] = counts;
    return { scaled: scaled.subarray(0, rank * this.#features), rank, mean, count, squares };
  }

  /** Singular values, descending, and their vectors, rank × d. */
  async result(): Promise<{ singular: Float64Array; vectors: Vector }> {
    const singular = new Float64Array(this.#components);
    const vectors = new Float32Array(this.#components * this.#features);
    const rank = await this.#turn.run(() => this.#native.result(singular, vectors));
    return { singular: singular.subarray(0, rank), vectors: vectors.subarray(0, rank * this.#features) };
  }
}

/**
 * y = (x − μ) Vᵀ and x ≈ μ + y V, for orthonormal rows V.
 *
 * @throws as PcaScatter
 */
export class PcaProjection {
  readonly #native: InstanceType<PcaClasses['PcaProjection']>;
  readonly #features: number;
  readonly #count: number;
  readonly #turn = new Turn();

  /** @param o.components V, count × d @param o.mean μ */
  constructor(o: PcaOptions & { readonly components: Vector; readonly count: number; readonly mean: Vector }) {
    const { components, count, mean, features } = o;
    expectLength('components', components, whole('count', count, 1) * features);
    expectLength('mean', mean, features);
    this.#native = make((found) => new found.PcaProjection(nativeOptions(o), components, count, mean));
    this.#features = features;
    this.#count = count;
  }

  /** The device, for people. */
  get name(): string {
    return this.#native.name;
  }

  /** @param out rows × count */
  async project(x: PcaRows, rows: number, out: Vector): Promise<void> {
    expectLength('x', x, whole('rows', rows, 0) * this.#features);
    expectLength('out', out, rows * this.#count);
    await this.#turn.run(() => this.#native.project(x, rows, out));
  }

  /** @param y rows × count @param out rows × d */
  async reconstruct(y: Vector, rows: number, out: Vector): Promise<void> {
    expectLength('y', y, whole('rows', rows, 0) * this.#count);
    expectLength('out', out, rows * this.#features);
    await this.#turn.run(() => this.#native.reconstruct(y, rows, out));
  }
}
