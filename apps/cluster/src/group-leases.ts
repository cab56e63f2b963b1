/** Which worker trains which part of one epoch, so that few have to read the same shards, and most read them nearby. */
import { groupAt, type ShardGroup } from '@weft/hdfs-loader';

/** Positions [start, end) of an epoch. */
export interface Positions {
  readonly start: number;
  readonly end: number;
}

export interface GroupLeasesOptions {
  readonly groups: readonly ShardGroup[];
  readonly workers: number;
  /** Share of a group's bytes, 0 to 1, that lie on a worker's host. */
  readonly locality: (worker: number, group: ShardGroup) => number;
  /** Leases positions in their order, whoever asks. */
  readonly ordered: boolean;
}

interface GroupState {
  readonly group: ShardGroup;
  /** First position that nobody has leased. */
  next: number;
  /** Workers that are at it, or will go on with it. */
  claims: number;
}

interface Seat {
  /** The group that it leases from. */
  at: GroupState | null;
  /** The group that it was told to read ahead. */
  after: GroupState | null;
}

const left = ({ group, next }: GroupState): number => group.end - next;
const byFirst =
  (...keys: ((state: GroupState) => number)[]) =>
  (a: GroupState, b: GroupState): number => {
    for (const key of keys) {
      const difference = key(b) - key(a);
      if (difference !== 0) return difference;
    }
    return a.group.index - b.group.index;
  };

/**
 * The leases of one epoch. A worker goes on in the group that it has; then it takes the one that it was told of; else, of the
 * groups that nobody has claimed, the one of which most lies on its host and least on another's; and with none left it helps
 * where its share of what is left is largest.
 */
export class GroupLeases {
  readonly #o: GroupLeasesOptions;
  readonly #states: readonly GroupState[];
  readonly #seats: readonly Seat[];
  /** No group before this one has positions left; kept for ordered leases. */
  #first = 0;

  constructor(o: GroupLeasesOptions) {
    this.#o = o;
    this.#states = o.groups.map((group) => ({ group, next: group.start, claims: 0 }));
    this.#seats = Array.from({ length: o.workers }, () => ({ at: null, after: null }));
  }

  /** The next positions for a worker, at most `count` and all of one group; null when there is nothing for it to do. */
  lease(worker: number, count: number): Positions | null {
    const state = this.#o.ordered ? this.#firstLeft() : this.#choose(worker, count);
    if (!state) return null;
    this.#enter(this.#seats[worker]!, state);
    const start = state.next;
    state.next = Math.min(start + count, state.group.end);
    return { start, end: state.next };
  }

  /** The group that a worker will probably need after the one that it is at; null when this epoch has none for it. */
  upcoming(worker: number): ShardGroup | null {
    const seat = this.#seats[worker]!;
    if (this.#o.ordered) return this.#states[(seat.at?.group.index ?? -1) + 1]?.group ?? null;
    if (!seat.after || left(seat.after) === 0) this.#expect(seat, this.#unclaimed(worker));
    return seat.after?.group ?? null;
  }

  /** The group that a worker will begin the epoch with. */
  first(worker: number): ShardGroup | null {
    const seat = this.#seats[worker]!;
    if (this.#o.ordered) return this.#states[0]?.group ?? null;
    if (!seat.at && !seat.after) this.#expect(seat, this.#unclaimed(worker) ?? this.#mostLeft(worker, 0));
    return (seat.at ?? seat.after)?.group ?? null;
  }

  /** Whether each of these positions has been leased. */
  covers({ start, end }: Positions): boolean {
    if (!(start >= 0 && start <= end)) return false;
    for (let at = start; at < end; ) {
      const group = groupAt(this.#o.groups, at);
      if (!group || this.#states[group.index]!.next < Math.min(end, group.end)) return false;
      at = group.end;
    }
    return true;
  }

  #choose(worker: number, count: number): GroupState | null {
    const { at, after } = this.#seats[worker]!;
    if (at && left(at) > 0) return at;
    if (after && left(after) > 0) return after;
    // One that has had work this epoch comes to help only where a whole lease would be its share: it must read first.
    return this.#unclaimed(worker) ?? this.#mostLeft(worker, at ? count : 0);
  }

  #firstLeft(): GroupState | null {
    while (this.#first < this.#states.length && left(this.#states[this.#first]!) === 0) this.#first += 1;
    return this.#states[this.#first] ?? null;
  }

  #unclaimed(worker: number): GroupState | null {
    const { locality, workers } = this.#o;
    const near = ({ group }: GroupState): number => locality(worker, group);
    const far = ({ group }: GroupState): number => {
      let most = 0;
      for (let other = 0; other < workers; other++) {
        if (other !== worker) most = Math.max(most, locality(other, group));
      }
      return -most;
    };
    return best(
      this.#states.filter((state) => state.claims === 0 && left(state) > 0),
      byFirst(near, far),
    );
  }

  /** @param least samples that must be its share of what is left */
  #mostLeft(worker: number, least: number): GroupState | null {
    const share = (state: GroupState): number => left(state) / (state.claims + 1);
    const open = this.#states.filter((state) => left(state) > 0 && share(state) >= least);
    return best(
      open,
      byFirst(share, ({ group }) => this.#o.locality(worker, group)),
    );
  }

  #expect(seat: Seat, state: GroupState | null): void {
    if (seat.after) seat.after.claims -= 1;
    seat.after = state;
    if (state) state.claims += 1;
  }

  #enter(seat: Seat, state: GroupState): void {
    if (seat.at === state) return;
    if (seat.at) seat.at.claims -= 1;
    seat.at = state;
    state.claims += 1;
    if (seat.after === state) this.#expect(seat, null);
  }
}

function best(states: readonly GroupState[], compare: (a: GroupState, b: GroupState) => number): GroupState | null {
  return states.reduce<GroupState | null>(
    (found, state) => (found && compare(found, state) <= 0 ? found : state),
    null,
  );
}
