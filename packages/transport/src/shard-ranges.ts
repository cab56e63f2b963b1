/** A range of a flat vector: elements [start, end). */
export interface ShardRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Splits n elements over shards, in order, balanced: lengths differ by at most one, the longer ones first. With more
 * shards than elements the last ones are empty.
 *
 * @throws {RangeError} when n is not a whole number ≥ 0, or shards not one ≥ 1
 * @example shardRanges(10, 3) // [{ start: 0, end: 4 }, { start: 4, end: 7 }, { start: 7, end: 10 }]
 */
export function shardRanges(n: number, shards: number): ShardRange[] {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`shardRanges: n ≥ 0 expected, got ${n}`);
  if (!Number.isSafeInteger(shards) || shards < 1)
    throw new RangeError(`shardRanges: shards ≥ 1 expected, got ${shards}`);
  const each = Math.floor(n / shards);
  const longer = n % shards;
  return Array.from({ length: shards }, (_, i) => {
    const start = i * each + Math.min(i, longer);
    return { start, end: start + each + (i < longer ? 1 : 0) };
  });
}
