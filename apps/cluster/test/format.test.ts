import { describe, expect, it } from 'vitest';
import { bytes, duration, integer, percent, table } from '../src/format.js';

describe('integer and percent', () => {
  it('round', () => {
    expect([integer(12345.6), integer(0), integer(999.4)]).toEqual(['12,346', '0', '999']);
    expect([percent(0.8712), percent(1), percent(0)]).toEqual(['87.12 %', '100.00 %', '0.00 %']);
  });
});

describe('duration', () => {
  it.each([
    [0, '0.0 s'],
    [9.31, '9.3 s'],
    [10, '10 s'],
    [59.6, '1 min 0 s'],
    [93, '1 min 33 s'],
    [3599.7, '1 h 0 min'],
    [7260, '2 h 1 min'],
    [Number.NaN, '–'],
    [Number.POSITIVE_INFINITY, '–'],
  ])('shows %d s as %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

describe('table', () => {
  it('aligns the first column left, the others right', () => {
    expect(
      table([
        ['a', 'count'],
        ['long', '1'],
        ['b', '1,000,000'],
      ]),
    ).toBe(['a         count', '────  ─────────', 'long          1', 'b     1,000,000'].join('\n'));
  });

  it('has a head without rows', () => {
    expect(table([['a', 'b']])).toBe('a  b\n─  ─');
  });
});

describe('bytes', () => {
  it('counts in powers of 1,000', () => {
    expect([0, 999, 1000, 54_966_408, 14e9, 5e15].map(bytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '55.0 MB',
      '14.0 GB',
      '5000.0 TB',
    ]);
  });
});
