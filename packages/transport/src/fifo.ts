/**
 * First in, first out, at constant cost: Array.shift moves all that is left, and keeps nothing of what was taken from being freed.
 *
 * @example
 * const fifo = new Fifo<string>();
 * fifo.push('a');
 * fifo.shift(); // 'a'
 */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    // Let go at once: an item may hold megabytes.
    this.#items[this.#head++] = undefined;
    if (this.#head > 1024 || this.length === 0) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes an item out of the middle; false when it is not in. */
  remove(item: T): boolean {
    const at = this.#items.indexOf(item, this.#head);
    if (at >= 0) this.#items.splice(at, 1);
    return at >= 0;
  }

  /** Takes all out, in order. */
  clear(): T[] {
    const all = this.#items.slice(this.#head) as T[];
    this.#items = [];
    this.#head = 0;
    return all;
  }
}
