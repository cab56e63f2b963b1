import { describe, expect, it } from 'vitest';
import { crc32c, crc32cMismatch } from '../lib/crc32c.js';
import { KERNELS } from '../lib/kernels.js';
import { addon } from '../lib/native.js';

/** Bit by bit, as the polynomial says. */
function reference(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) {
    c ^= byte;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  }
  return ~c >>> 0;
}

const counting = (n: number) => Uint8Array.from({ length: n }, (_, i) => (i * 7) & 255);

describe('crc32c', () => {
  // RFC 3720, appendix B.4
  it.each([
    ['32 bytes of 0', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of 255', new Uint8Array(32).fill(255), 0x62a8ab43],
    ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['31 to 0', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    ['"123456789"', new TextEncoder().encode('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ])('of %s', (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc);
  });

  it('is that of the polynomial at every length around a multiple of 8', () => {
    for (let n = 0; n <= 40; n++) expect(crc32c(counting(n))).toBe(reference(counting(n)));
  });

  it('goes on from what came before, wherever it is cut', () => {
    const bytes = counting(37);
    const whole = crc32c(bytes);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(whole);
    }
  });

  it('reads a view that begins anywhere in its memory', () => {
    const bytes = counting(29);
    for (let offset = 0; offset < 9; offset++) {
      const memory = new Uint8Array(64).fill(170);
      memory.set(bytes, offset);
      expect(crc32c(memory.subarray(offset, offset + bytes.length))).toBe(crc32c(bytes));
    }
  });

  it('takes a range of its bytes, and refuses one outside of them', () => {
    const bytes = counting(200);
    for (const sum of [crc32c, KERNELS.crc32c]) {
      for (const [start, end] of [
        [0, 200],
        [3, 3],
        [5, 60],
        [7, 199],
      ] as const) {
        expect(sum(bytes, 5, start, end)).toBe(crc32c(bytes.subarray(start, end), 5));
      }
      for (const [start, end] of [
        [-1, 5],
        [6, 5],
        [0, 201],
        [201, 201],
        [Number.NaN, 5],
      ] as const) {
        expect(() => sum(bytes, 0, start, end)).toThrow(RangeError);
      }
    }
  });

  it.each([
    ['the twin', crc32cMismatch],
    ['the kernel in use', KERNELS.crc32cMismatch],
  ])('%s finds the first chunk that is not what its checksum says', (_, mismatch) => {
    for (const length of [0, 1, 511, 512, 513, 1500]) {
      const bytes = counting(length);
      const chunks = Math.ceil(length / 512);
      const sums = Buffer.alloc(chunks * 4);
      for (let i = 0; i < chunks; i++) sums.writeUInt32BE(crc32c(bytes.subarray(i * 512, (i + 1) * 512)), i * 4);
      expect(mismatch(bytes, 512, sums)).toBe(-1);
      for (let at = 0; at < length; at += 97) {
        const damaged = bytes.slice();
        damaged[at]! ^= 4;
        expect(mismatch(damaged, 512, sums)).toBe(Math.floor(at / 512));
      }
      expect(() => mismatch(bytes, 512, Buffer.alloc(chunks * 4 + 4))).toThrow(RangeError);
      expect(() => mismatch(bytes, 0, sums)).toThrow(RangeError);
    }
  });

  it('sees every single bit', () => {
    const bytes = counting(19);
    const whole = crc32c(bytes);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(crc32c(changed)).not.toBe(whole);
    }
  });
});

describe('each way of the addon that this CPU runs', () => {
  const found = addon();
  const ways = found.ok
    ? found.addon.crc32cKinds.map(
        (kind) => (bytes: Uint8Array, previous: number) => found.addon.crc32cBy(kind, bytes, previous),
      )
    : [crc32c];
  // No pattern that a wrong fold could survive: a sequence of Lehmer's generator.
  const memory = new Uint8Array(4200);
  for (let i = 0, x = 1; i < memory.length; i++) {
    x = (x * 48271) % 2147483647;
    memory[i] = x >> 13;
  }

  it('is the twin’s at every length from 0 to 4,096, from any start', () => {
    for (let n = 0; n <= 4096; n++) {
      const bytes = memory.subarray(n % 67, (n % 67) + n);
      const wanted = crc32c(bytes, n * 2654435761);
      for (const way of ways) expect(way(bytes, n * 2654435761)).toBe(wanted);
    }
  });

  it('goes on from what came before, wherever it is cut', () => {
    const bytes = memory.subarray(3, 4099);
    const whole = crc32c(bytes);
    for (let i = 0; i < 300; i++) {
      const cuts = [0, (i * 7919) % 4097, (i * 104729) % 4097, 4096].sort((a, b) => a - b);
      for (const way of ways) {
        let sum = 0;
        for (let k = 1; k < cuts.length; k++) sum = way(bytes.subarray(cuts[k - 1], cuts[k]), sum);
        expect(sum).toBe(whole);
      }
    }
  });

  it('refuses a way that there is not', () => {
    if (found.ok)
      expect(() => found.addon.crc32cBy('none', memory, 0)).toThrow('a kind that this CPU runs expected, got none');
    expect(ways.length).toBeGreaterThan(0);
  });
});
