import { crc32c } from '@weft/native';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../src/limits.js';
import { padded, readPrefix, writePrefix } from '../src/prefix.js';

const limits = { ...DEFAULT_LIMITS, maxHeaderBytes: 1000, maxPayloadBytes: 2 ** 40 };
const sample = { kind: 16, flags: 1, term: 7, headerBytes: 10, payloadBytes: 2 ** 33 + 5, request: 2 ** 40 + 1 };

function changed(change: (view: DataView) => void, repairCrc = true): Uint8Array {
  const bytes = new Uint8Array(40);
  writePrefix(bytes, sample);
  const view = new DataView(bytes.buffer);
  change(view);
  if (repairCrc) view.setUint32(36, crc32c(bytes.subarray(0, 36)), true);
  return bytes;
}

describe('prefix', () => {
  it('comes back as it was written', () => {
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(
        fc.record({
          kind: fc.integer({ min: 0, max: 255 }),
          flags: fc.constantFrom(0, 1),
          term: u32,
          headerBytes: fc.integer({ min: 0, max: 1000 }),
          payloadBytes: fc.integer({ min: 0, max: 2 ** 40 }),
          request: fc.maxSafeNat(),
        }),
        (prefix) => {
          const bytes = new Uint8Array(48);
          writePrefix(bytes.subarray(3), prefix);
          expect(readPrefix(bytes.subarray(3), limits)).toEqual(prefix);
        },
      ),
    );
  });

  it('lies as the grammar says, little-endian', () => {
    const hex = Buffer.from(changed(() => {})).toString('hex');
    expect(hex.slice(0, 72)).toBe(
      ['57454654', '01', '10', '0100', '07000000', '0a000000', '0500000002000000', '0100000000010000', '00000000'].join(
        '',
      ),
    );
  });

  it.each([
    ['magic', 'protocol', changed((v) => v.setUint8(0, 0x58))],
    ['prefixCrc', 'checksum', changed((v) => v.setUint8(5, 17), false)],
    ['prefixCrc', 'checksum', changed((v) => v.setUint8(39, v.getUint8(39) ^ 1), false)],
    ['version', 'version', changed((v) => v.setUint8(4, 2))],
    ['flags', 'protocol', changed((v) => v.setUint16(6, 3, true))],
    ['reserved', 'protocol', changed((v) => v.setUint32(32, 1, true))],
    ['request', 'protocol', changed((v) => v.setUint32(28, 0xffffffff, true))],
    ['headerBytes', 'limit', changed((v) => v.setUint32(12, 1001, true))],
    ['payloadBytes', 'limit', changed((v) => v.setUint32(20, 0xffffffff, true))],
  ])('refuses a bad %s by %s', (field, code, bytes) => {
    expect(() => readPrefix(bytes, limits)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(`^frame prefix: ${field} .* expected, got `) }),
    );
  });

  it('refuses to write fields out of range', () => {
    const bytes = new Uint8Array(40);
    expect(() => writePrefix(bytes, { ...sample, kind: 256 })).toThrow('frame kind: 0 to 255 expected, got 256');
    expect(() => writePrefix(bytes, { ...sample, term: -1 })).toThrow(/frame term/);
    expect(() => writePrefix(bytes, { ...sample, request: 0.5 })).toThrow(/frame request/);
  });
});

describe('padded', () => {
  it('rounds up to 8', () => {
    expect([0, 1, 7, 8, 9].map(padded)).toEqual([0, 8, 8, 8, 16]);
  });
});
