/**
 * Smaller number formats for messages: IEEE half precision and bfloat16. Both round to nearest even.
 * These are the portable twins of src/kernels/vector.inl.h.
 */
import type { Vector } from './vector.js';

const word = new Uint32Array(1);
const real = new Float32Array(word.buffer);

/** The bits of x as a half: 1 sign, 5 exponent, 10 fraction. Beyond 65504 infinite. */
function half(x: number): number {
  real[0] = x;
  const sign = (word[0]! >>> 16) & 0x8000;
  const a = word[0]! & 0x7fffffff;
  if (a > 0x7f800000) return sign | 0x7e00;
  if (a >= 0x477ff000) return sign | 0x7c00;
  if (a < 0x38800000) {
    // Subnormal: adding 0.5 puts the bits, rounded, into the low end.
    word[0] = a;
    real[0] = real[0]! + 0.5;
    return sign | (word[0]! - 0x3f000000);
  }
  return sign | (((a + 0xc8000fff + ((a >>> 13) & 1)) >>> 13) & 0xffff);
}

function fromHalfBits(h: number): number {
  const a = h & 0x7fff;
  const sign = h & 0x8000 ? -1 : 1;
  if (a < 0x400) return sign * a * 2 ** -24;
  if (a > 0x7c00) return Number.NaN;
  if (a === 0x7c00) return sign * Number.POSITIVE_INFINITY;
  return sign * (1 + (a & 0x3ff) / 1024) * 2 ** ((a >>> 10) - 15);
}

/** out ← x as IEEE half precision, n elements. */
export function toHalf(x: Vector, out: Uint16Array): void {
  for (let i = 0; i < x.length; i++) out[i] = half(x[i]!);
}

/** out ← the values of halves. */
export function fromHalf(x: Uint16Array, out: Vector): void {
  for (let i = 0; i < out.length; i++) out[i] = fromHalfBits(x[i]!);
}

/** out ← x as bfloat16: the upper half of a float32. */
export function toBfloat(x: Vector, out: Uint16Array): void {
  for (let i = 0; i < x.length; i++) {
    real[0] = x[i]!;
    const u = word[0]!;
    const nan = (u & 0x7fffffff) > 0x7f800000;
    out[i] = nan ? (u >>> 16) | 0x40 : (u + 0x7fff + ((u >>> 16) & 1)) >>> 16;
  }
}

/** out ← the values of bfloat16s. */
export function fromBfloat(x: Uint16Array, out: Vector): void {
  for (let i = 0; i < out.length; i++) {
    word[0] = x[i]! << 16;
    out[i] = real[0]!;
  }
}
