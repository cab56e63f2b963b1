import { describe, expect, it } from 'vitest';
import type { ClassRecall } from '../src/class-recall.js';
import { classTable } from '../src/class-table.js';

const classes = (count: number): ClassRecall[] =>
  Array.from({ length: count }, (_, label) => ({
    label,
    name: `class ${label}`,
    samples: 1000 + label,
    recall: (label % 10) / 10,
  }));

describe('classTable', () => {
  it('is a row a class where there are few', () => {
    expect(classTable(classes(2), 200).split('\n')).toEqual([
      'class    test images   recall',
      '───────  ───────────  ───────',
      'class 0        1,000   0.00 %',
      'class 1        1,001  10.00 %',
    ]);
  });

  it('goes down in as many columns as fit a line', () => {
    for (const width of [20, 80, 100, 200]) {
      const lines = classTable(classes(46), width).split('\n');
      const columns = lines[0]!.match(/class /g)!.length;
      expect(columns).toBe({ 20: 1, 80: 2, 100: 3, 200: 6 }[width]);
      expect(lines).toHaveLength(2 + Math.ceil(46 / columns));
      if (width > 20) for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      // Down, then across.
      expect(lines[2]).toMatch(new RegExp(`^class 0 .*${columns > 1 ? `class ${lines.length - 2} ` : ''}`));
      for (const { name } of classes(46)) expect(lines.filter((line) => line.includes(`${name} `))).not.toEqual([]);
    }
  });

  it('says where there are no test images, and cuts long names', () => {
    const text = classTable([{ label: 0, name: 'n'.repeat(40), samples: 0, recall: null }], 80);
    expect(text).toContain(`${'n'.repeat(23)}…            0  no test images`);
  });

  it('shows the worst of very many', () => {
    const lines = classTable(classes(1000), 120).split('\n');
    expect(lines.at(-1)).toBe('the 240 worst of 1,000 classes; report.json has them all');
    expect(lines.join()).not.toContain('90.00 %');
    expect(lines.length).toBeLessThan(100);
  });
});
