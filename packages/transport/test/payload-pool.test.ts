import { describe, expect, it } from 'vitest';
import { freshPayload, payloadPool } from '../src/payload-pool.js';

describe('payloadPool', () => {
  it('reuses memory of the same length', () => {
    const pool = payloadPool({ maxRetainedBytes: 100 });
    const first = pool.acquire(16, 40);
    expect(first.byteOffset % 8).toBe(0);
    expect(pool.acquire(16, 40)).not.toBe(first);
    pool.release(first);
    expect(pool.acquire(16, 41)).toHaveLength(41);
    expect(pool.acquire(16, 40)).toBe(first);
  });

  it('keeps no more than it may, and prefers the lengths that come', () => {
    const pool = payloadPool({ maxRetainedBytes: 100 });
    const old = pool.acquire(16, 60);
    pool.release(old);
    const next = [pool.acquire(16, 50), pool.acquire(16, 50), pool.acquire(16, 50)];
    for (const payload of next) pool.release(payload);
    expect(pool.acquire(16, 60)).not.toBe(old);
    const again = [pool.acquire(16, 50), pool.acquire(16, 50), pool.acquire(16, 50)];
    expect(again.filter((payload) => next.includes(payload))).toHaveLength(2);
  });

  it('refuses a negative bound', () => {
    expect(() => payloadPool({ maxRetainedBytes: -1 })).toThrow(/maxRetainedBytes: a number ≥ 0 expected, got -1/);
  });
});

describe('freshPayload', () => {
  it.each([0, 1, 64, 65, 4096, 4097, 1_000_000])('gives %i bytes of their own, aligned', (bytes) => {
    const payload = freshPayload(bytes);
    expect([payload.length, payload.byteOffset, payload.buffer.byteLength]).toEqual([bytes, 0, bytes]);
  });
});
