import { describe, expect, it } from 'vitest';
import { checkIdentity } from '../src/identity.js';

describe('checkIdentity', () => {
  it.each([
    { role: '', rank: 0, run: 'r' },
    { role: 'x'.repeat(33), rank: 0, run: 'r' },
    { role: 'wörker', rank: 0, run: 'r' },
    { role: 'w', rank: -1, run: 'r' },
    { role: 'w', rank: 1.5, run: 'r' },
    { role: 'w', rank: 2 ** 32, run: 'r' },
    { role: 'w', rank: 0, run: 'x'.repeat(65) },
    { role: 'w', rank: 0, run: 'a\nb' },
  ])('refuses $role $rank $run', (identity) => {
    expect(() => checkIdentity(identity)).toThrow(/^identity\.(role|rank|run): /);
  });

  it('takes the longest names', () => {
    expect(() => checkIdentity({ role: 'x'.repeat(32), rank: 2 ** 32 - 1, run: 'y'.repeat(64) })).not.toThrow();
  });
});
