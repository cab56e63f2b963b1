import type { Matrix } from '../matrix.js';
import type { Chunks } from '../transformer.js';

/**
 * Keeps what is made of the chunks of a source in memory, up to so many bytes, so that later passes need not make it again:
 * decoded and resized images take a fit of many passes longer than its arithmetic does. What is beyond the limit is made
 * anew in each pass; a source that is kept whole is not read again.
 *
 * @example const cache = new ChunkCache(source, (chunk) => resize.transform(chunk), 2 ** 30); await pca.fit(() => cache.chunks());
 */
export class ChunkCache {
  readonly #source: Chunks;
  readonly #make: (chunk: Matrix) => Promise<Matrix>;
  readonly #kept: Matrix[] = [];
  #freeBytes: number;
  // The chunks that are kept are the first ones: after one that found no room, none is.
  #full = false;
  #whole = false;

  constructor(source: Chunks, make: (chunk: Matrix) => Promise<Matrix>, maxBytes: number) {
    this.#source = source;
    this.#make = make;
    this.#freeBytes = maxBytes;
  }

  /** One pass over what is made of the chunks. */
  async *chunks(): AsyncGenerator<Matrix> {
    if (this.#whole) {
      yield* this.#kept;
      return;
    }
    let index = 0;
    for await (const chunk of this.#source()) {
      yield this.#kept[index] ?? (await this.#made(chunk, index));
      index++;
    }
    this.#whole = !this.#full && this.#kept.length === index;
  }

  async #made(chunk: Matrix, index: number): Promise<Matrix> {
    const made = await this.#make(chunk);
    const { values, rows, features } = made;
    const length = rows * features;
    const bytes = length * values.BYTES_PER_ELEMENT;
    this.#full ||= bytes > this.#freeBytes;
    if (this.#full || this.#kept.length !== index) return made;
    this.#freeBytes -= bytes;
    // The source may use its memory again for the next chunk, and a view would keep more than it shows.
    const own = values.buffer !== chunk.values.buffer && values.buffer.byteLength === bytes;
    const kept = own ? made : { values: values.slice(0, length), rows, features };
    this.#kept.push(kept);
    return kept;
  }
}
