/** Exact selection of the largest magnitudes: the portable twin of src/vector/top-k.cc. */
import type { Vector } from './vector.js';

/** The bit positions and widths of the three digits of a magnitude, which is a float's bits without the sign. */
const DIGITS = [
  [20, 11],
  [10, 10],
  [0, 10],
] as const;

/**
 * The k = values.length elements of largest magnitude, ascending by index; of equal magnitudes the lower index wins, and NaN is above ∞.
 *
 * @throws {RangeError} when indexes and values differ in length, or are longer than x
 * @example topK(Float32Array.of(1, -3, 2), indexes, values) // of length 2: [1, 2], [-3, 2]
 */
export function topK(x: Vector, indexes: Uint32Array, values: Vector): void {
  const k = values.length;
  if (indexes.length !== k) throw new RangeError(`topK: ${k} indexes expected, got ${indexes.length}`);
  if (k > x.length) throw new RangeError(`topK: at most ${x.length} values expected, got ${k}`);
  if (k === 0) return;
  const bits = new Uint32Array(x.buffer, x.byteOffset, x.length);
  let least = 0;
  let left = k;
  for (const [shift, width] of DIGITS) {
    const counts = new Uint32Array(2 ** width);
    for (let i = 0; i < bits.length; i++) {
      const magnitude = bits[i]! & 0x7fffffff;
      if (shift === 20 || magnitude >>> (shift + 10) === least) counts[(magnitude >>> shift) & (2 ** width - 1)]!++;
    }
    let digit = counts.length - 1;
    while (counts[digit]! < left) left -= counts[digit--]!;
    least = (least << width) | digit;
  }
  // least is the k-th largest magnitude, and the first `left` that equal it are in.
  let taken = 0;
  for (let i = 0; taken < k; i++) {
    const magnitude = bits[i]! & 0x7fffffff;
    if (magnitude < least || (magnitude === least && left-- <= 0)) continue;
    indexes[taken] = i;
    values[taken++] = x[i]!;
  }
}
