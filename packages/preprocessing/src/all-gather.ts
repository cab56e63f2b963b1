import type { AllReduce } from './transformer.js';

// A float64 has 64 bits, a float32 holds every integer up to 2^24: three of them carry one number exactly, whatever it is.
//
//   x = [ bits 63…43 | bits 42…22 | bits 21…0 ]
//
// Each rank writes its numbers in a slot of its own in a vector of zeros. A sum over ranks then adds zeros only, so it is exact.
const PARTS = 3;
const LOW_BITS = 22;
const MIDDLE_BITS = 21;
const LOW = 2n ** BigInt(LOW_BITS) - 1n;
const MIDDLE = 2n ** BigInt(MIDDLE_BITS) - 1n;

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
  const bits = new BigUint64Array(numbers.buffer, numbers.byteOffset, numbers.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i]!;
    vector[offset + PARTS * i] = Number(word >> BigInt(LOW_BITS + MIDDLE_BITS));
    vector[offset + PARTS * i + 1] = Number((word >> BigInt(LOW_BITS)) & MIDDLE);
    vector[offset + PARTS * i + 2] = Number(word & LOW);
  }
}

function read(vector: Float32Array, offset: number, length: number): Float64Array {
  const bits = new BigUint64Array(length);
  for (let i = 0; i < length; i++) {
    const high = BigInt(vector[offset + PARTS * i]!);
    const middle = BigInt(vector[offset + PARTS * i + 1]!);
    const low = BigInt(vector[offset + PARTS * i + 2]!);
    bits[i] = (((high << BigInt(MIDDLE_BITS)) | middle) << BigInt(LOW_BITS)) | low;
  }
  return new Float64Array(bits.buffer);
}
