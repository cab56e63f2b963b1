import type { Subset } from '../dataset.js';
import type { Samples } from '../samples.js';
import { Turns } from '../turns.js';

/** Shards that stay in memory until they are released. */
export interface Hold {
  /** The shards' samples, in the order that was asked for. Rejects with what reading throws. */
  readonly samples: Promise<readonly Samples[]>;
  /** Whether `samples` is fulfilled. */
  readonly ready: boolean;
  /** To be called once; the samples are not to be read any more. What is still being read is given up. */
  release(): void;
}

interface Resident {
  holders: number;
  readonly abort: AbortController;
  readonly samples: Promise<Samples>;
  /** Once it is read. */
  memory: Uint8Array | null;
}

/** Shards that are read at a time: small ones take longer to be found than to be read. */
const READS_AT_A_TIME = 4;
/** Memory is used again for a shard that leaves at most this share of it empty. */
const MAX_WASTE = 1 / 8;

/**
 * The shards of a subset that are in memory. A shard that is held twice is read once, and the memory of one that is released
 * serves the next.
 */
export class ShardMemory {
  readonly #subset: Subset;
  readonly #mostBytes: number;
  readonly #residents = new Map<number, Resident>();
  readonly #turns = new Turns(READS_AT_A_TIME);
  readonly #reads = new Set<Promise<unknown>>();
  #free: Uint8Array[] = [];
  #bytes = 0;

  /** @param o.mostBytes memory that is kept for shards to come, together with what is held */
  constructor(o: { subset: Subset; mostBytes: number }) {
    this.#subset = o.subset;
    this.#mostBytes = o.mostBytes;
  }

  /** Bytes of memory at this moment, held or kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins to read the shards that are not in memory yet, and keeps them all. */
  hold(shards: readonly number[]): Hold {
    const residents = shards.map((index) => this.#enter(index));
    let ready = false;
    const samples = Promise.all(residents.map((resident) => resident.samples)).then((parts) => {
      ready = true;
      return parts;
    });
    // Who holds may release without having waited.
    samples.catch(() => {});
    return {
      samples,
      get ready() {
        return ready;
      },
      release: () => {
        for (const [i, resident] of residents.entries()) this.#leave(shards[i]!, resident);
      },
    };
  }

  /** Gives up what is being read, and all memory that is not held. Settles when nothing is being read any more. */
  async close(): Promise<void> {
    for (const { abort, memory } of this.#residents.values()) if (!memory) abort.abort();
    await Promise.allSettled(this.#reads);
    for (const { length } of this.#free) this.#bytes -= length;
    this.#free = [];
  }

  #enter(index: number): Resident {
    const there = this.#residents.get(index);
    // What could not be read is tried again.
    if (there && !there.abort.signal.aborted) {
      there.holders += 1;
      return there;
    }
    const abort = new AbortController();
    const resident: Resident = { holders: 1, abort, memory: null, samples: this.#read(index, abort, () => resident) };
    this.#reads.add(resident.samples);
    const ended = () => this.#reads.delete(resident.samples);
    resident.samples.then(ended, ended);
    this.#residents.set(index, resident);
    return resident;
  }

  async #read(index: number, abort: AbortController, resident: () => Resident): Promise<Samples> {
    // What is released right after this hold is free by then.
    await Promise.resolve();
    return this.#turns.run(async () => {
      abort.signal.throwIfAborted();
      const memory = this.#take(this.#subset.manifest.shards[index]!.bytes);
      try {
        const samples = await this.#subset.readShard(index, memory, { signal: abort.signal });
        abort.signal.throwIfAborted();
        resident().memory = memory;
        return samples;
      } catch (error) {
        abort.abort();
        // Not used again: a read that was given up may still write into it.
        this.#bytes -= memory.length;
        throw error;
      }
    });
  }

  #leave(index: number, resident: Resident): void {
    resident.holders -= 1;
    if (resident.holders > 0) return;
    // Another may be there, where this one could not be read.
    if (this.#residents.get(index) === resident) this.#residents.delete(index);
    if (resident.memory) this.#free.push(resident.memory);
    else resident.abort.abort();
  }

  #take(bytes: number): Uint8Array {
    const fits = ({ length }: Uint8Array) => length >= bytes && (length - bytes) / length <= MAX_WASTE;
    const found = this.#free.findIndex(fits);
    if (found >= 0) return this.#free.splice(found, 1)[0]!;
    while (this.#free.length > 0 && this.#bytes + bytes > this.#mostBytes) this.#bytes -= this.#free.pop()!.length;
    this.#bytes += bytes;
    return new Uint8Array(bytes);
  }
}
