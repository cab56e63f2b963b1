import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, resolveLimits } from '../src/limits.js';

describe('resolveLimits', () => {
  it('changes what is given and keeps the rest', () => {
    expect(resolveLimits({ maxPayloadBytes: 10 })).toEqual({ ...DEFAULT_LIMITS, maxPayloadBytes: 10 });
  });

  it('refuses what is no whole number above 0, and unknown names', () => {
    expect(() => resolveLimits({ maxPayloadBytes: 0 })).toThrow(
      /limits.maxPayloadBytes: a whole number ≥ 1 expected, got 0/,
    );
    expect(() => resolveLimits({ maxHeaderBytes: 1.5 })).toThrow(/maxHeaderBytes/);
    expect(() => resolveLimits({ maxBytes: 1 } as object)).toThrow(/no limit is called maxBytes/);
  });
});
