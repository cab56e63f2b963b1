import type { Subset } from '../dataset.js';
import { LoaderError } from '../errors.js';
import { epochOrder } from './epoch-order.js';
import { type BatchBuffers, gather, type JoinedSamples, joinSamples } from './gather.js';
import { epochGroups, groupAt, type ShardGroup } from './shard-groups.js';
import { type Hold, ShardMemory } from './shard-memory.js';

/** A position in the order of an epoch. */
export interface Position {
  readonly epoch: number;
  readonly start: number;
}

interface HeldGroup {
  readonly epoch: number;
  readonly group: ShardGroup;
  readonly hold: Hold;
  /** Once the group is in memory. */
  samples: JoinedSamples | null;
  order: Uint32Array | null;
}

/**
 * Training samples by their position in the shuffled order of an epoch, read a group of shards at a time: in memory are the
 * group that batches come from and, once it is known, the one after it. Where the shuffle buffer holds all shards they are
 * read once and stay.
 *
 * @example
 * const samples = new ShuffledSamples({ subset: dataset.subset('train'), seed: 1, shuffleBytes: 2 ** 28 });
 * for (const { start, end } of samples.groups(0)) {
 *   await samples.enter({ epoch: 0, start }, { epoch: 0, start: end });
 *   for (let at = start; at < end; at += 32) samples.gather({ epoch: 0, start: at, end: Math.min(at + 32, end) }, into);
 * }
 */
export class ShuffledSamples {
  readonly #subset: Subset;
  readonly #o: { readonly seed: number; readonly shuffleBytes: number };
  readonly #memory: ShardMemory;
  readonly #epochs = new Map<number, readonly ShardGroup[]>();
  #now: HeldGroup | null = null;
  #next: HeldGroup | null = null;

  /** @param o.shuffleBytes of the shards of a group; in memory are up to two */
  constructor(o: { subset: Subset; seed: number; shuffleBytes: number }) {
    this.#subset = o.subset;
    this.#o = { seed: o.seed, shuffleBytes: o.shuffleBytes };
    const groupBytes = o.subset.manifest.shards.reduce((most, { bytes }) => Math.max(most, bytes), o.shuffleBytes);
    this.#memory = new ShardMemory({ subset: o.subset, mostBytes: 2 * groupBytes });
  }

  /** Values of one sample. */
  get features(): number {
    return this.#subset.features;
  }

  /** Bytes of memory that shards take at this moment. */
  get bytes(): number {
    return this.#memory.bytes;
  }

  /** The groups of an epoch, by position. */
  groups(epoch: number): readonly ShardGroup[] {
    const known = this.#epochs.get(epoch);
    if (known) return known;
    const groups = epochGroups(this.#subset.manifest.shards, { ...this.#o, epoch });
    // One epoch and the next are ever asked about.
    for (const other of this.#epochs.keys()) if (Math.abs(other - epoch) > 1) this.#epochs.delete(other);
    this.#epochs.set(epoch, groups);
    return groups;
  }

  /**
   * Brings the group of a position into memory, in place of the one before it, and begins to read the group of another, that
   * the caller expects to enter next. Without it, what was expected before goes on being read.
   *
   * @throws LoaderError INVALID_ARGUMENT for a position that the epoch does not have, and what reading throws
   */
  async enter(position: Position, upcoming: Position | null = null): Promise<void> {
    const { epoch } = position;
    const group = this.#groupAt(position);
    if (!is(this.#now, epoch, group)) {
      const before = this.#now;
      if (is(this.#next, epoch, group)) {
        this.#now = this.#next;
        this.#next = null;
      } else {
        this.#now = this.#hold(epoch, group);
      }
      // After the other is held: what both have is not read again.
      before?.hold.release();
    }
    const now = this.#now!;
    now.samples ??= joinSamples(await now.hold.samples);
    now.order ??= orderOf(now, this.#o.seed);
    if (upcoming) this.#expect(upcoming);
  }

  /**
   * Copies the samples at these positions into the first rows of reused buffers.
   *
   * @returns the number of rows
   * @throws LoaderError INVALID_ARGUMENT for a range outside the group that was entered, or a row outside the buffers
   */
  gather(range: Position & { readonly end: number }, into: BatchBuffers): number {
    const { epoch, start, end } = range;
    const now = this.#now;
    const samples = now?.samples;
    if (!now || !samples || now.epoch !== epoch) {
      throw new LoaderError('INVALID_ARGUMENT', `expected a group of epoch ${epoch} to be entered, got none`);
    }
    const { group } = now;
    if (start < group.start || end > group.end) {
      const message = `expected a range within the group [${group.start}, ${group.end}), got [${start}, ${end})`;
      throw new LoaderError('INVALID_ARGUMENT', message);
    }
    return gather(samples, now.order!, { start: start - group.start, end: end - group.start }, into);
  }

  /** Whether the group of these positions has been entered. */
  has({ epoch, start }: Position): boolean {
    const { group } = this.#now ?? {};
    return group !== undefined && this.#now?.epoch === epoch && start >= group.start && start < group.end;
  }

  /** Gives everything up. Settles when nothing is being read any more. */
  close(): Promise<void> {
    this.#now?.hold.release();
    this.#next?.hold.release();
    this.#now = null;
    this.#next = null;
    return this.#memory.close();
  }

  #expect(position: Position): void {
    const group = this.#groupAt(position);
    const { epoch } = position;
    if (is(this.#now, epoch, group) || is(this.#next, epoch, group)) return;
    const before = this.#next;
    this.#next = this.#hold(epoch, group);
    before?.hold.release();
  }

  #hold(epoch: number, group: ShardGroup): HeldGroup {
    return { epoch, group, hold: this.#memory.hold(group.shards), samples: null, order: null };
  }

  #groupAt({ epoch, start }: Position): ShardGroup {
    const groups = this.groups(epoch);
    const group = groupAt(groups, start);
    if (group) return group;
    const message = `expected a position of epoch ${epoch} in [0, ${groups.at(-1)?.end ?? 0}), got ${start}`;
    throw new LoaderError('INVALID_ARGUMENT', message);
  }
}

function is(held: HeldGroup | null, epoch: number, group: ShardGroup): boolean {
  return held?.epoch === epoch && held.group.index === group.index;
}

function orderOf({ epoch, group }: HeldGroup, seed: number): Uint32Array {
  return epochOrder(group.end - group.start, { seed, epoch, group: group.index });
}
