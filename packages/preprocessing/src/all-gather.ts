import type { AllReduce } from './transformer.js';

// A float64 has 64 bits, a float32 holds every integer up to 2^24: three of them carry one number exactly, whatever it is.
//
//   x = [ high: 32 bits | low: 32 bits ] → [ high: bits 31…10 | high: bits 9…0, low: bits 31…21 | low: bits 20…0 ]
//
// Each rank writes its numbers in a slot of its own in a vector of zeros. A sum over ranks then adds zeros only, so it is exact.
const PARTS = 3;

/** A worker by itself: a sum over one is what it was. */
export const ALONE: AllReduce = { rank: 0, size: 1, sum: () => Promise.resolve() };

/**
 * The numbers of every rank, in rank order, exactly: the same bits everywhere, with nothing but sums. Ranks may have
 * different numbers of them, or none. Two sums: of the lengths, then of the numbers, 12 bytes each.
 *
 * @param parts this rank's numbers, one part after the other
 * @returns one array a rank
 * @example for (const [count] of await allGather(allReduce, [Float64Array.of(rows)])) total += count!;
 */
export async function allGather(allReduce: AllReduce, parts: readonly Float64Array[]): Promise<Float64Array[]> {
  const numbers = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let end = 0;
  for (const part of parts) {
    numbers.set(part, end);
    end += part.length;
  }
  const one = Array.from({ length: allReduce.size }, () => 1);
  const lengths = await sumSlots(allReduce, one, Float64Array.of(numbers.length));
  return sumSlots(
    allReduce,
    lengths.map(([length]) => length!),
    numbers,
  );
}

async function sumSlots(
  allReduce: AllReduce,
  lengths: readonly number[],
  numbers: Float64Array,
): Promise<Float64Array[]> {
  const starts: number[] = [];
  let total = 0;
  for (const length of lengths) {
    starts.push(total);
    total += length;
  }
  const vector = new Float32Array(PARTS * total);
  write(numbers, vector, PARTS * starts[allReduce.rank]!);
  await allReduce.sum(vector);
  return lengths.map((length, rank) => read(vector, PARTS * starts[rank]!, length));
}

function write(numbers: Float64Array, vector: Float32Array, offset: number): void {
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, 2 * numbers.length);
  for (let i = 0, to = offset; i < words.length; i += 2, to += PARTS) {
    const [low, high] = [words[i]!, words[i + 1]!];
    vector[to] = high >>> 10;
    vector[to + 1] = ((high & 0x3ff) << 11) | (low >>> 21);
    vector[to + 2] = low & 0x1fffff;
  }
}

function read(vector: Float32Array, offset: number, length: number): Float64Array {
  const numbers = new Float64Array(length);
  const words = new Uint32Array(numbers.buffer);
  for (let i = 0, from = offset; i < words.length; i += 2, from += PARTS) {
    const middle = vector[from + 1]!;
    words[i] = (middle << 21) | vector[from + 2]!;
    words[i + 1] = (vector[from]! << 10) | (middle >>> 11);
  }
  return numbers;
}
