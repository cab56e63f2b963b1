import { LoaderError } from '../errors.js';
import type { ShardManifest } from '../manifest.js';
import { permutation } from './epoch-order.js';

/** What of a shard the order of an epoch depends on. */
export type ShardSize = Pick<ShardManifest, 'samples' | 'bytes'>;

/** Shards that are in memory together, and whose samples are shuffled together: positions [start, end) of an epoch. */
export interface ShardGroup {
  readonly index: number;
  readonly start: number;
  readonly end: number;
  /** Indexes of its shards, ascending. */
  readonly shards: readonly number[];
}

/** What the groups of an epoch depend on, beside the shards. */
export interface GroupOptions {
  readonly seed: number;
  readonly epoch: number;
  /** Bytes of the shards of a group. A shard that is larger is a group by itself. */
  readonly shuffleBytes: number;
}

/** No group has this number: the shards' permutation shares no stream with a group's. */
const SHARDS_KEY = 2 ** 32;

/**
 * Cuts an epoch into groups: the shards are permuted, and as many as come next and fit into the shuffle buffer are a group.
 * A pure function, so that a range of positions is the same samples in every process, however many there are. Where all
 * shards fit there is one group.
 *
 * Within a group the samples, in the order of their shards, are permuted by `epochOrder`. So a sample may come anywhere
 * among its group's, and its group anywhere in the epoch; two samples of one shard are always in one group.
 *
 * @throws LoaderError INVALID_ARGUMENT
 * @example epochGroups(manifest.subsets.train.shards, { seed: 1, epoch: 0, shuffleBytes: 256 * 2 ** 20 })
 */
export function epochGroups(shards: readonly ShardSize[], options: GroupOptions): ShardGroup[] {
  const { seed, epoch, shuffleBytes } = options;
  if (!(shuffleBytes > 0)) {
    throw new LoaderError('INVALID_ARGUMENT', `shuffleBytes: expected a number above 0, got ${shuffleBytes}`);
  }
  const cuts: number[][] = [];
  let room = 0;
  for (const index of permutation(shards.length, [seed, epoch, SHARDS_KEY])) {
    const { bytes } = shards[index]!;
    if (cuts.length === 0 || bytes > room) {
      cuts.push([]);
      room = shuffleBytes;
    }
    cuts.at(-1)!.push(index);
    room -= bytes;
  }
  let start = 0;
  return cuts.map((members, index) => {
    const first = start;
    for (const shard of members) start += shards[shard]!.samples;
    return { index, start: first, end: start, shards: members.sort((a, b) => a - b) };
  });
}

/**
 * The group of a position, or undefined where the epoch has no such position.
 *
 * @param groups as of `epochGroups`
 */
export function groupAt<G extends { readonly start: number; readonly end: number }>(
  groups: readonly G[],
  position: number,
): G | undefined {
  let low = 0;
  let high = groups.length;
  // The answer, if there is one, is in [low, high).
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (groups[middle]!.end <= position) low = middle + 1;
    else high = middle;
  }
  const group = groups[low];
  return group && position >= group.start ? group : undefined;
}
