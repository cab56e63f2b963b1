/**
 * Block codecs: int8 with one scale for 256 elements, and one bit an element with two means for 512. These are the portable twins of
 * src/kernels/blocks.inl.h, and give the same bytes.
 */
import type { Vector } from './vector.js';

/** Elements that share a scale. */
export const INT8_BLOCK = 256;
/** Elements that share two means. */
export const ONE_BIT_BLOCK = 512;

const NOT_FINITE = 0x7f800000;
const QUIET_NAN = 0x7fc00000;
/** The largest scale s for which 127 s is a finite float32. */
const LARGEST_SCALE = 2 ** 121 * (1 + 0x20406 / 2 ** 24);

const words = new Uint32Array(2);
const reals = new Float32Array(words.buffer);

/** Bytes of n elements as int8 blocks: n + 4 ⌈n / 256⌉. */
export function int8Bytes(n: number): number {
  return n + 4 * Math.ceil(n / INT8_BLOCK);
}

/** Bytes of n elements as 1-bit blocks: of m elements 8 + ⌈m / 8⌉. */
export function oneBitBytes(n: number): number {
  const rest = n % ONE_BIT_BLOCK;
  return ((n - rest) / ONE_BIT_BLOCK) * (8 + ONE_BIT_BLOCK / 8) + (rest > 0 ? 8 + Math.ceil(rest / 8) : 0);
}

/** Throws RangeError unless bytes is what n elements take. */
function expectBytes(kernel: string, bytes: Uint8Array, expected: number): DataView {
  if (bytes.length !== expected)
    throw new RangeError(`${kernel}: ${expected} elements expected, got ${bytes.length} bytes`);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

const bitsOf = (x: Vector) => new Uint32Array(x.buffer, x.byteOffset, x.length);

/** out ← x in blocks of 256: s = max |x| / 127 as float32, then q = round-half-even(x / s) as int8. Not finite: s is NaN, q 0. */
export function int8EncodeBlocks(x: Vector, out: Uint8Array): void {
  const view = expectBytes('int8EncodeBlocks', out, int8Bytes(x.length));
  const bits = bitsOf(x);
  for (let from = 0, at = 0; from < x.length; from += INT8_BLOCK) {
    const end = Math.min(from + INT8_BLOCK, x.length);
    let top = 0;
    for (let i = from; i < end; i++) top = Math.max(top, bits[i]! & 0x7fffffff);
    words[0] = top;
    const s = Math.min(Math.fround(reals[0]! / 127), LARGEST_SCALE);
    reals[0] = s;
    if (top >= NOT_FINITE) words[0] = QUIET_NAN;
    view.setUint32(at, words[0]!, true);
    at += 4;
    const blank = top >= NOT_FINITE || s === 0;
    for (let i = from; i < end; i++) {
      // A subnormal s can be so coarse that x / s > 127. Adding 1.5 · 2²³ rounds to nearest even.
      const v = blank ? 0 : Math.max(-127, Math.min(127, Math.fround(x[i]! / s)));
      view.setInt8(at++, Math.fround(v + 12582912) - 12582912);
    }
  }
}

/** out ← s q; a scale that is not finite gives NaN. */
export function int8DecodeBlocks(bytes: Uint8Array, out: Vector): void {
  const view = expectBytes('int8DecodeBlocks', bytes, int8Bytes(out.length));
  const bits = bitsOf(out);
  for (let from = 0, at = 0; from < out.length; from += INT8_BLOCK) {
    const end = Math.min(from + INT8_BLOCK, out.length);
    const s = view.getFloat32(at, true);
    at += 4;
    if (Number.isFinite(s)) for (let i = from; i < end; i++) out[i] = s * view.getInt8(at++);
    else {
      bits.fill(QUIET_NAN, from, end);
      at += end - from;
    }
  }
}

/** out ← of each 512 elements the mean of those without and of those with a sign bit, as float32, then the sign bits, lowest first. */
export function oneBitEncodeBlocks(x: Vector, out: Uint8Array): void {
  const view = expectBytes('oneBitEncodeBlocks', out, oneBitBytes(x.length));
  const bits = bitsOf(x);
  const sums = new Float64Array(16);
  out.fill(0);
  for (let from = 0, at = 0; from < x.length; from += ONE_BIT_BLOCK) {
    const m = Math.min(ONE_BIT_BLOCK, x.length - from);
    // Eight partial sums a sign, as the vectors of the kernel have them.
    sums.fill(0);
    let below = 0;
    for (let i = 0; i < m; i++) {
      const sign = bits[from + i]! >>> 31;
      sums[8 * sign + (i & 7)]! += x[from + i]!;
      below += sign;
      out[at + 8 + (i >> 3)]! |= sign << (i & 7);
    }
    let [up, down] = [0, 0];
    for (let l = 0; l < 8; l++) {
      up += sums[l]!;
      down += sums[8 + l]!;
    }
    reals[0] = m > below ? up / (m - below) : 0;
    reals[1] = below > 0 ? down / below : 0;
    if (!Number.isFinite(reals[0]!) || !Number.isFinite(reals[1]!)) {
      words.fill(QUIET_NAN);
      out.fill(0, at + 8, at + 8 + Math.ceil(m / 8));
    }
    view.setUint32(at, words[0]!, true);
    view.setUint32(at + 4, words[1]!, true);
    at += 8 + Math.ceil(m / 8);
  }
}

/** out ← for each element the mean of its sign. */
export function oneBitDecodeBlocks(bytes: Uint8Array, out: Vector): void {
  const view = expectBytes('oneBitDecodeBlocks', bytes, oneBitBytes(out.length));
  const bits = bitsOf(out);
  for (let from = 0, at = 0; from < out.length; from += ONE_BIT_BLOCK) {
    const m = Math.min(ONE_BIT_BLOCK, out.length - from);
    const positive = view.getUint32(at, true);
    const negative = view.getUint32(at + 4, true);
    for (let i = 0; i < m; i++) bits[from + i] = (bytes[at + 8 + (i >> 3)]! >> (i & 7)) & 1 ? negative : positive;
    at += 8 + Math.ceil(m / 8);
  }
}
