import { describe, expect, it } from 'vitest';
import { mayBeTurned } from '../../src/sources/exif-turn.js';

/** An APP1 segment with one directory. */
function exif(entries: readonly (readonly [tag: number, type: number, value: number])[], isLittle: boolean): Buffer {
  const out = Buffer.alloc(6 + 8 + 2 + 12 * entries.length + 4);
  const put = (value: number, at: number): number =>
    isLittle ? out.writeUInt16LE(value, at) : out.writeUInt16BE(value, at);
  out.write('Exif\0\0', 'latin1');
  out.write(isLittle ? 'II' : 'MM', 6, 'latin1');
  put(42, 8);
  if (isLittle) out.writeUInt32LE(8, 10);
  else out.writeUInt32BE(8, 10);
  put(entries.length, 14);
  for (const [i, [tag, type, value]] of entries.entries()) {
    const at = 16 + 12 * i;
    put(tag, at);
    put(type, at + 2);
    put(value, at + 8);
  }
  return out;
}

describe('mayBeTurned', () => {
  it.each([true, false])('reads the orientation of either order (little: %s)', (isLittle) => {
    for (let value = 1; value <= 8; value++)
      expect(
        mayBeTurned(
          exif(
            [
              [0x10f, 2, 7],
              [0x112, 3, value],
            ],
            isLittle,
          ),
        ),
      ).toBe(value !== 1);
    expect(mayBeTurned(exif([[0x10f, 2, 7]], isLittle))).toBe(false);
    expect(mayBeTurned(exif([], isLittle))).toBe(false);
  });

  it('takes what it cannot read for turned, and other segments for none', () => {
    const whole = exif([[0x112, 3, 1]], true);
    for (let end = 6; end < whole.length - 4; end++) expect(mayBeTurned(whole.subarray(0, end))).toBe(true);
    expect(mayBeTurned(exif([[0x112, 4, 1]], true))).toBe(true);
    for (const other of ['', 'Exif', 'http://ns.adobe.com/xap/1.0/\0<x/>'])
      expect(mayBeTurned(Buffer.from(other))).toBe(false);
  });
});
