import { describe, expect, it } from 'vitest';
import { decodeHello, decodeProof, encodeHello, encodeProof, HELLO_BYTES } from '../src/hello.js';

const hello = {
  side: 'client' as const,
  status: 0,
  versions: { min: 1, max: 3 },
  identity: { role: 'worker', rank: 70_000, run: 'r'.repeat(64) },
  nonce: new Uint8Array(32).fill(5),
};

describe('hello', () => {
  it('is fixed binary of at most 256 bytes, and comes back', () => {
    const bytes = encodeHello(hello);
    expect(bytes).toHaveLength(HELLO_BYTES);
    expect(HELLO_BYTES).toBeLessThanOrEqual(256);
    expect(decodeHello(bytes, 'client')).toEqual(hello);
  });

  it.each([
    ['another magic', 0, 0],
    ['version 0', 4, 0],
    ['an empty version range', 4, 4],
    ['the other side', 6, 2],
    ['a role that is too long', 12, 33],
    ['a role without a length', 12, 0],
    ['a run that is too long', 13, 65],
    ['reserved bits', 14, 1],
    ['a control character', 16, 7],
    ['bytes after the role', 16 + 20, 65],
  ])('refuses %s', (_name, at, value) => {
    const bytes = encodeHello(hello);
    bytes[at] = value;
    expect(() => decodeHello(bytes, 'client')).toThrow(expect.objectContaining({ code: 'authentication' }));
  });
});

describe('proof', () => {
  it('comes back', () => {
    const mac = new Uint8Array(32).fill(9);
    expect(decodeProof(encodeProof(5, mac))).toEqual({ status: 5, mac });
    expect(() => decodeProof(new Uint8Array(40))).toThrow(expect.objectContaining({ code: 'authentication' }));
  });
});
