import { describe, expect, it } from 'vitest';
import { TableLabels } from '../../src/sources/table-labels.js';

const finish = (labels: readonly string[], names?: readonly string[]) => {
  const table = new TableLabels();
  for (const [row, label] of labels.entries()) table.add(label, () => `f: row ${row}`);
  const finished = table.finish(names);
  return { labels: [...finished.labels], names: finished.labelNames };
};

describe('TableLabels', () => {
  it('names classes by their labels: numbers in their order, text in its', () => {
    expect(finish(['10', '9', '10', '2'])).toEqual({ labels: [2, 1, 2, 0], names: ['2', '9', '10'] });
    expect(finish(['b', 'a', '10'])).toEqual({ labels: [2, 1, 0], names: ['10', 'a', 'b'] });
  });

  it('takes names by index for numbers, by name for text', () => {
    expect(finish(['2', '0'], ['a', 'b', 'c'])).toEqual({ labels: [2, 0], names: ['a', 'b', 'c'] });
    expect(finish(['c', 'a'], ['a', 'b', 'c']).labels).toEqual([2, 0]);
  });

  it('names the row of a label that is missing or has no name', () => {
    expect(() => finish(['1', ''])).toThrow('f: row 1: expected a label, got nothing');
    expect(() => finish(['0', '3'], ['a', 'b'])).toThrow('f: row 1: expected one of 2 labels, got "3"');
    expect(() => finish(['x'], ['a'])).toThrow('f: row 0: expected one of 1 labels, got "x"');
  });

  it('holds as many rows as come, in two bytes each', () => {
    const table = new TableLabels();
    for (let row = 0; row < 5000; row++) table.add(`${row % 7}`, () => '');
    expect([table.count, table.finish().labels[4999]]).toEqual([5000, 4999 % 7]);
  });

  it('refuses more classes than there can be', () => {
    const table = new TableLabels();
    for (let row = 0; row < 65_536; row++) table.add(`${row}`, () => '');
    expect(() => table.add('x', () => 'f: row 65536')).toThrow('f: row 65536: more than 65536 labels');
  });
});
