import type { Samples } from '../samples.js';

/**
 * The rows of `samples` whose inputs also stand, byte for byte, in `others`, whatever the labels.
 *
 * @param samples indexed by hash: the smaller of the two
 * @returns row indexes of `samples`
 * @example const leaked = rowsAlsoIn(test, train);
 */
export function rowsAlsoIn(samples: Samples<Uint8Array>, others: Samples<Uint8Array>): Set<number> {
  const byHash = new Map<number, number[]>();
  for (let i = 0; i < samples.count; i++) {
    const hash = rowHash(samples, i);
    const rows = byHash.get(hash);
    if (rows) rows.push(i);
    else byHash.set(hash, [i]);
  }
  const found = new Set<number>();
  for (let j = 0; j < others.count; j++) {
    for (const i of byHash.get(rowHash(others, j)) ?? []) {
      // 32 bits collide by chance; the bytes decide.
      if (!found.has(i) && Buffer.compare(rowOf(samples, i), rowOf(others, j)) === 0) found.add(i);
    }
  }
  return found;
}

function rowOf({ inputs, features }: Samples<Uint8Array>, row: number): Uint8Array {
  return inputs.subarray(row * features, (row + 1) * features);
}

/** FNV-1a, 32 bits: h ← (h ⊕ byte) · 16777619. */
function rowHash({ inputs, features }: Samples<Uint8Array>, row: number): number {
  let hash = 0x811c9dc5;
  for (let i = row * features; i < (row + 1) * features; i++) hash = Math.imul(hash ^ inputs[i]!, 16777619);
  return hash >>> 0;
}
