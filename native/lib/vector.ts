/**
 * Element-wise kernels over flat float32 vectors: what the update rules and reductions are made of.
 *
 * These are the portable twins, and the reference that a faster implementation is tested against. Every kernel works in
 * place on the vector that it names as its result, and expects vectors of equal length.
 */

/** A flat vector of float32 values: parameters, gradients, or a range of them. */
export type Vector = Float32Array<ArrayBufferLike>;

/** Throws RangeError when the lengths differ: a kernel never works on half a vector. */
export function sameLength(kernel: string, ...vectors: readonly Vector[]): number {
  const n = vectors[0]?.length ?? 0;
  for (const v of vectors) {
    if (v.length !== n) {
      throw new RangeError(
        `${kernel}: vectors of equal length expected, got ${vectors.map((w) => w.length).join(', ')}`,
      );
    }
  }
  return n;
}

/** y ← y + x */
export function add(x: Vector, y: Vector): void {
  const n = sameLength('add', x, y);
  for (let i = 0; i < n; i++) y[i]! += x[i]!;
}

/** y ← y + a x */
export function axpy(a: number, x: Vector, y: Vector): void {
  const n = sameLength('axpy', x, y);
  for (let i = 0; i < n; i++) y[i]! += a * x[i]!;
}

/** x ← a x, a as a float32: the addon takes it so. */
export function scale(a: number, x: Vector): void {
  const factor = Math.fround(a);
  for (let i = 0; i < x.length; i++) x[i]! *= factor;
}

/** out ← a (x − y); with a = 1 the difference, with a = 1/k the displacement per step. */
export function scaledDifference(a: number, x: Vector, y: Vector, out: Vector): void {
  const n = sameLength('scaledDifference', x, y, out);
  for (let i = 0; i < n; i++) out[i] = a * (x[i]! - y[i]!);
}

/**
 * The elastic move of (A)EASGD, both halves in one pass over memory: d ← α (x − θ); θ ← θ + d.
 *
 * @param alpha the moving rate α
 * @param x the worker's parameters, as they were sent
 * @param center θ, moved in place
 * @param d receives the difference that the worker subtracts
 */
export function elastic(alpha: number, x: Vector, center: Vector, d: Vector): void {
  const n = sameLength('elastic', x, center, d);
  for (let i = 0; i < n; i++) {
    const di = Math.fround(alpha * (x[i]! - center[i]!));
    d[i] = di;
    center[i]! += di;
  }
}

/**
 * Adagrad over arriving displacements (Downpour's server): K ← K + Δ²; θ ← θ + γ Δ / (√K + ε).
 *
 * @param delta Δ, which already holds −η g
 * @param sum K, the running sum of squares
 */
export function adagradApply(delta: Vector, sum: Vector, center: Vector, o: { gamma: number; epsilon: number }): void {
  const n = sameLength('adagradApply', delta, sum, center);
  const { gamma, epsilon } = o;
  for (let i = 0; i < n; i++) {
    const d = delta[i]!;
    const k = Math.fround(sum[i]! + d * d);
    sum[i] = k;
    center[i]! += (gamma * d) / (Math.sqrt(k) + epsilon);
  }
}

/** Puts a worker on a fresh center without losing what it has not sent: x ← θ + (x − base); base ← θ, in one pass. */
export function rebase(center: Vector, x: Vector, base: Vector): void {
  const n = sameLength('rebase', center, x, base);
  for (let i = 0; i < n; i++) {
    const theta = center[i]!;
    x[i] = theta + (x[i]! - base[i]!);
    base[i] = theta;
  }
}

/** out ← x held within ±limit; NaN and ±∞ stay, so that they are seen. out may be x. */
export function clip(limit: number, x: Vector, out: Vector): void {
  const n = sameLength('clip', x, out);
  for (let i = 0; i < n; i++) {
    const xi = x[i]!;
    out[i] = xi > limit && xi < Infinity ? limit : xi < -limit && xi > -Infinity ? -limit : xi;
  }
}
