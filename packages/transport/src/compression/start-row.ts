/**
 * Fills a row with numbers that look random, uniform in [−1, 1), and depend on the key alone: integer arithmetic only, so that every rank
 * gets the same bits. Each is the finalizer of MurmurHash3 (Appleby 2011) over a counter.
 *
 * @param key whole numbers; another key gives another row
 * @example startRow(row, [seed, matrix, 0])
 */
export function startRow(row: Float32Array, key: readonly number[]): void {
  const stream = key.reduce((h, part) => mix(h ^ mix(part + 0x9e3779b9)), 0);
  for (let i = 0; i < row.length; i++) row[i] = (mix(stream ^ mix(i + 1)) >>> 8) / 2 ** 23 - 1;
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
