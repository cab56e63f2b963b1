import { describe, expect, it } from 'vitest';
import { deriveKey } from '../src/keys.js';

describe('deriveKey', () => {
  it('gives another key for each purpose and side', () => {
    const token = new Uint8Array(32).fill(1);
    const keys = (['hmac', 'tls', 'ui'] as const).flatMap((purpose) =>
      (['client', 'server'] as const).map((side) => Buffer.from(deriveKey(token, purpose, side)).toString('hex')),
    );
    expect(new Set(keys).size).toBe(6);
    expect(keys.every((key) => key.length === 64)).toBe(true);
  });

  it('refuses a token that is not 32 bytes, and does not print it', () => {
    expect(() => deriveKey(new Uint8Array(31), 'hmac', 'client')).toThrow(
      'token: 32 random bytes expected, got 31 bytes',
    );
    expect(() => deriveKey('secret' as unknown as Uint8Array, 'hmac', 'client')).toThrow(/got string$/);
  });
});
