import { LoaderError } from '../errors.js';
import { shown } from './annotation-table.js';

/** Names that a label's column goes by. */
export const labelColumnNames = ['label', 'labels', 'class', 'target', 'category'] as const;

const MAX_CLASSES = 65_536;
const INTEGER = /^\d{1,9}$/;

/** Labels of a table as they come, row by row: numbers or names, as text. */
export class TableLabels {
  readonly #ids = new Map<string, number>();
  readonly #first: string[] = [];
  #rows = new Uint16Array(1024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /**
   * Adds a row.
   *
   * @param where file and row, for messages
   * @throws LoaderError INVALID_SOURCE for an empty label, or more classes than there can be
   */
  add(label: string, where: () => string): void {
    let id = this.#ids.get(label);
    if (id === undefined) {
      if (label === '') throw new LoaderError('INVALID_SOURCE', `${where()}: expected a label, got nothing`);
      id = this.#ids.size;
      if (id === MAX_CLASSES) throw new LoaderError('INVALID_SOURCE', `${where()}: more than ${MAX_CLASSES} labels`);
      this.#ids.set(label, id);
      this.#first.push(where());
    }
    if (this.#count === this.#rows.length) {
      const rows = new Uint16Array(this.#rows.length * 2);
      rows.set(this.#rows);
      this.#rows = rows;
    }
    this.#rows[this.#count++] = id;
  }

  /**
   * Class indexes of all rows. Whole numbers are indexes of the names that are given; without names, classes are called by their
   * labels, in the order of the numbers or of the text.
   *
   * @throws LoaderError INVALID_SOURCE for a label that the names do not have
   */
  finish(labelNames?: readonly string[]): { labels: Uint16Array; labelNames: readonly string[] } {
    const found = [...this.#ids.keys()];
    const numbers = found.every((label) => INTEGER.test(label));
    const names = labelNames ?? found.toSorted(numbers ? (a, b) => Number(a) - Number(b) : (a, b) => (a < b ? -1 : 1));
    const index = found.map((label, id) => {
      const at = numbers && labelNames ? Number(label) : names.indexOf(label);
      if (at >= 0 && at < names.length) return at;
      const message = `${this.#first[id]}: expected one of ${names.length} labels, got ${shown(label)}`;
      throw new LoaderError('INVALID_SOURCE', message);
    });
    return { labels: this.#rows.subarray(0, this.#count).map((id) => index[id]!), labelNames: names };
  }
}
