/** The shards that are to be made: who makes which, and which are whole. A state machine without sockets. */
import type { Manifest, SubsetName } from '@weft/hdfs-loader';
import type { ShardRef } from './read-ahead.js';

const SUBSETS = ['train', 'test'] as const satisfies readonly SubsetName[];
const keyOf = ({ subset, index }: ShardRef): string => `${subset} ${index}`;

/** Share of a shard's bytes, 0 to 1, that lie on a worker's host. */
export type ShardNearness = (worker: number, ref: ShardRef) => number;

export class ShardQueue {
  readonly #subsets: Manifest['subsets'];
  readonly #nearness: ShardNearness;
  /** Not given to anybody yet, in their order. */
  #open: ShardRef[];
  /** Given to a worker, and not written yet. */
  readonly #given = new Map<string, number>();
  #samples = 0;
  #shards = 0;

  /**
   * @param o.has whether a shard was made by an earlier process
   * @param o.nearness a worker is given what lies on its host first
   */
  constructor(o: {
    subsets: Manifest['subsets'];
    has: (subset: SubsetName, index: number) => boolean;
    nearness?: ShardNearness | undefined;
  }) {
    this.#subsets = o.subsets;
    this.#nearness = o.nearness ?? (() => 0);
    const all = SUBSETS.flatMap((subset) => [...o.subsets[subset].shards.keys()].map((index) => ({ subset, index })));
    this.#open = all.filter(({ subset, index }) => !o.has(subset, index));
    for (const ref of all) if (o.has(ref.subset, ref.index)) this.#count(ref);
  }

  /** Whether every shard is whole. */
  get isDone(): boolean {
    return this.#open.length === 0 && this.#given.size === 0;
  }

  /** What is whole, that of earlier processes included. */
  get done(): { readonly samples: number; readonly shards: number } {
    return { samples: this.#samples, shards: this.#shards };
  }

  /** The next shard for a worker; null when all are given. */
  next(worker: number): ShardRef | null {
    if (this.#open.length === 0) return null;
    let best = 0;
    let most = this.#nearness(worker, this.#open[0]!);
    for (let i = 1; i < this.#open.length && most < 1; i++) {
      const near = this.#nearness(worker, this.#open[i]!);
      if (near > most) [best, most] = [i, near];
    }
    const [ref] = this.#open.splice(best, 1);
    this.#given.set(keyOf(ref!), worker);
    return ref!;
  }

  /** A worker has written a shard. @throws {RangeError} for one that it was not given */
  written(worker: number, ref: ShardRef): void {
    if (this.#given.get(keyOf(ref)) !== worker) throw new RangeError(`${keyOf(ref)}: not given to worker ${worker}`);
    this.#given.delete(keyOf(ref));
    this.#count(ref);
  }

  #count({ subset, index }: ShardRef): void {
    this.#samples += this.#subsets[subset].shards[index]!.samples;
    this.#shards += 1;
  }
}
