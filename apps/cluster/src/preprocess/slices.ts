/** Which training samples each worker of a fit reads. */
import type { ShardSize } from '@weft/hdfs-loader';
import type { Host } from '../hosts.js';

/** Samples [start, end) of one shard. */
export interface Piece {
  readonly shard: number;
  readonly start: number;
  readonly end: number;
}

/** Share of a shard's bytes, 0 to 1, that lie on a host. */
export type ShardLocality = (host: Host, shard: number) => number;

/** Shards in an order in which those of one host stand together, each at a host that holds most of it, and at the one with the least to do of several. */
function byHost(shards: readonly ShardSize[], hosts: readonly Host[], locality: ShardLocality): number[] {
  const held = hosts.map((host) => ({ host, shards: [] as number[], samplesPerSlot: 0 }));
  for (const [index, { samples }] of shards.entries()) {
    const best = held.reduce((a, b) => {
      const nearer = locality(b.host, index) - locality(a.host, index);
      return nearer > 0 || (nearer === 0 && b.samplesPerSlot < a.samplesPerSlot) ? b : a;
    });
    best.shards.push(index);
    best.samplesPerSlot += samples / best.host.slots;
  }
  return held.flatMap((h) => h.shards);
}

/**
 * Cuts the training samples into one slice a worker. A slice is contiguous in the order of the shards; where hosts hold different shards, in
 * an order in which each host's come together. With n samples in all, worker w of P has those from ⌊w n / P⌋ to ⌊(w + 1) n / P⌋.
 *
 * @param o.hosts in the order of the workers' ranks, slot after slot
 * @param o.locality left out where every host is as near as any other
 * @returns the pieces of each worker, by rank
 * @example slices([{ samples: 3, bytes: 9 }], { hosts }) // two slots: [[{ shard: 0, start: 0, end: 1 }], [{ shard: 0, start: 1, end: 3 }]]
 */
export function slices(
  shards: readonly ShardSize[],
  o: { readonly hosts: readonly Host[]; readonly locality?: ShardLocality | undefined },
): Piece[][] {
  const { hosts, locality } = o;
  const order = locality && hosts.length > 1 ? byHost(shards, hosts, locality) : [...shards.keys()];
  const workers = hosts.reduce((sum, { slots }) => sum + slots, 0);
  const total = shards.reduce((sum, { samples }) => sum + samples, 0);
  return Array.from({ length: workers }, (_, w) => {
    const [from, to] = [Math.floor((w * total) / workers), Math.floor(((w + 1) * total) / workers)];
    const pieces: Piece[] = [];
    let first = 0;
    for (const shard of order) {
      const { samples } = shards[shard]!;
      const [start, end] = [Math.max(0, from - first), Math.min(samples, to - first)];
      if (start < end) pieces.push({ shard, start, end });
      first += samples;
    }
    return pieces;
  });
}
