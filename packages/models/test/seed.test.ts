import { describe, expect, it } from 'vitest';
import { mixSeed } from '../src/seed.js';

describe('mixSeed', () => {
  it('gives different positive integers to neighbouring seeds and streams', () => {
    const seen = new Set<number>();
    for (let seed = -5; seed < 45; seed++) for (let stream = 0; stream < 50; stream++) seen.add(mixSeed(seed, stream));
    expect(seen.size).toBe(2500);
    for (const value of seen) expect(value).toBeGreaterThan(0);
    expect(mixSeed(7, 1)).toBe(mixSeed(7, 1));
  });
});
