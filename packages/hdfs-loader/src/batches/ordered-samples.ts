import type { Subset } from '../dataset.js';
import { type BatchBuffers, requireRange, requireRoom, requireType } from './gather.js';
import { groupAt } from './shard-groups.js';
import { type Hold, ShardMemory } from './shard-memory.js';

interface HeldShard {
  readonly index: number;
  readonly hold: Hold;
}

/**
 * Samples in the order in which they stand, for scoring. All shards stay in memory where the buffer holds them; else one is, and
 * the one after it is read meanwhile.
 *
 * @example const test = new OrderedSamples({ subset: dataset.subset('test'), bufferBytes: 2 ** 28 }); await test.gather({ start: 0, end: 32 }, into);
 */
export class OrderedSamples {
  readonly #subset: Subset;
  readonly #shards: readonly { readonly start: number; readonly end: number; readonly index: number }[];
  readonly #memory: ShardMemory;
  readonly #allFit: boolean;
  #now: HeldShard | null = null;
  #next: HeldShard | null = null;
  #all: Hold | null = null;

  constructor(o: { subset: Subset; bufferBytes: number }) {
    const { shards } = o.subset.manifest;
    this.#subset = o.subset;
    let row = 0;
    this.#shards = shards.map(({ samples }, index) => {
      const start = row;
      row += samples;
      return { start, end: row, index };
    });
    const total = shards.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#allFit = total <= o.bufferBytes;
    const largest = shards.reduce((most, { bytes }) => Math.max(most, bytes), 0);
    this.#memory = new ShardMemory({ subset: o.subset, mostBytes: this.#allFit ? total : 2 * largest });
  }

  /** Bytes of memory that shards take at this moment. */
  get bytes(): number {
    return this.#memory.bytes;
  }

  /** Reads what is to stay in memory. It need not be called. @throws what reading throws */
  async load(): Promise<void> {
    if (!this.#allFit) return;
    this.#all ??= this.#memory.hold([...this.#shards.keys()]);
    await this.#all.samples;
  }

  /**
   * Copies the samples [start, end) into the first rows of reused buffers.
   *
   * @returns the number of rows
   * @throws LoaderError INVALID_ARGUMENT, and what reading throws
   */
  async gather(range: { readonly start: number; readonly end: number }, into: BatchBuffers): Promise<number> {
    const { features, samples } = this.#subset;
    const size = requireRange(range, samples);
    requireRoom(size, features, into);
    await this.load();
    for (let row = range.start; row < range.end; ) {
      const shard = groupAt(this.#shards, row)!;
      const part = (await (this.#all?.samples ?? this.#enter(shard.index)))[this.#all ? shard.index : 0]!;
      requireType(part.inputs, into);
      const end = Math.min(shard.end, range.end);
      const [first, last] = [row - shard.start, end - shard.start];
      into.inputs.set(part.inputs.subarray(first * features, last * features), (row - range.start) * features);
      into.targets.set(part.labels.subarray(first, last), row - range.start);
      row = end;
    }
    return size;
  }

  /** Gives everything up. Settles when nothing is being read any more. */
  close(): Promise<void> {
    for (const held of [this.#now?.hold, this.#next?.hold, this.#all]) held?.release();
    this.#now = null;
    this.#next = null;
    this.#all = null;
    return this.#memory.close();
  }

  #enter(index: number): Hold['samples'] {
    if (this.#now?.index !== index) {
      const before = [this.#now, this.#next];
      this.#now = this.#next?.index === index ? this.#next : { index, hold: this.#memory.hold([index]) };
      const after = index + 1;
      this.#next = after < this.#shards.length ? { index: after, hold: this.#memory.hold([after]) } : null;
      for (const held of before) if (held && held !== this.#now) held.hold.release();
    }
    return this.#now.hold.samples;
  }
}
