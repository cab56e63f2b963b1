import { describe, expect, it } from 'vitest';
import type { SafetensorsErrorCode } from '../src/errors.js';
import { decodeSafetensorsHeader, maxHeaderBytes } from '../src/header.js';

/** A file of a given header text and data length. */
function file(header: string | Uint8Array, dataBytes = 0, claimedBytes?: bigint): Uint8Array {
  const json = Buffer.from(header);
  const bytes = Buffer.alloc(8 + json.length + dataBytes);
  bytes.writeBigUInt64LE(claimedBytes ?? BigInt(json.length));
  bytes.set(json, 8);
  return bytes;
}
const entry = (begin: number, end: number, shape = [end - begin], dtype = 'U8') =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

describe('decodeSafetensorsHeader', () => {
  it('gives absolute ranges, in any order of the entries', () => {
    const header = decodeSafetensorsHeader(file(`{"b":${entry(2, 5)},"a":${entry(0, 2)}}  `, 5));
    expect(header.tensors['a']).toEqual({
      dtype: 'U8',
      shape: [2],
      begin: header.dataStart,
      end: header.dataStart + 2,
    });
    expect(header.tensors['b']?.end).toBe(header.fileBytes);
  });

  it('needs the header bytes only', () => {
    const bytes = file(`{"a":${entry(0, 4000)}}`, 4000);
    const { dataStart, tensors } = decodeSafetensorsHeader(bytes.subarray(0, bytes.length - 4000), bytes.length);
    expect(tensors['a']).toMatchObject({ begin: dataStart, end: dataStart + 4000 });
    expect(() => decodeSafetensorsHeader(bytes.subarray(0, 20), bytes.length)).toThrow(/expected the first \d+ bytes/);
  });

  it('accepts scalars, empty tensors beside others, and an empty file', () => {
    const text = `{"s":${entry(0, 4, [], 'F32')},"e":${entry(4, 4, [0, 3], 'F64')},"t":${entry(4, 5)}}`;
    expect(Object.keys(decodeSafetensorsHeader(file(text, 5)).tensors)).toEqual(['s', 'e', 't']);
    expect(decodeSafetensorsHeader(file('{}')).tensors).toEqual({});
  });

  it('takes names of Object.prototype as plain names', () => {
    const text = `{"__metadata__":{"__proto__":"m"},"__proto__":${entry(0, 1)},"constructor":${entry(1, 2)}}`;
    const { tensors, metadata } = decodeSafetensorsHeader(file(text, 2));
    expect(Object.keys(tensors)).toEqual(['__proto__', 'constructor']);
    expect(Object.keys(metadata)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(tensors)).toBe(null);
    expect({}).not.toHaveProperty('dtype');
    expect(tensors['toString']).toBeUndefined();
  });

  const cases: [string, Uint8Array, SafetensorsErrorCode, RegExp][] = [
    ['an empty file', new Uint8Array(0), 'TRUNCATED', /at least 8 bytes, got 0/],
    ['half a length', new Uint8Array(7), 'TRUNCATED', /got 7/],
    ['a header past the end', file('{}', 0, 100n), 'TRUNCATED', /100 header bytes.*the file has 10 bytes/],
    ['a header above 100 MB', file('{}', 0, BigInt(maxHeaderBytes) + 1n), 'HEADER_TOO_LONG', /got 100000001/],
    ['a length of 2^64 − 1', file('{}', 0, 2n ** 64n - 1n), 'HEADER_TOO_LONG', /18446744073709551615/],
    ['no JSON', file('{"a":'), 'INVALID_HEADER', /expected a JSON header/],
    ['an empty header', file(''), 'INVALID_HEADER', /expected a JSON header/],
    ['bytes that are not UTF-8', file(Uint8Array.of(0x7b, 0xff, 0x7d)), 'INVALID_HEADER', /expected a JSON header/],
    ['an array', file('[]'), 'INVALID_HEADER', /begin with/],
    ['leading space', file(' {}'), 'INVALID_HEADER', /begin with/],
    ['a repeated name', file(`{"a":${entry(0, 1)},"a":${entry(0, 1)}}`, 1), 'INVALID_HEADER', /"a" stands twice/],
    ['metadata that is no text', file('{"__metadata__":{"k":1}}'), 'INVALID_HEADER', /metadata "k"/],
    ['metadata that is no object', file('{"__metadata__":["k"]}'), 'INVALID_HEADER', /__metadata__/],
    ['an entry that is no object', file('{"a":3}'), 'INVALID_HEADER', /tensor "a": expected an object/],
    [
      'an unknown type',
      file(`{"a":${entry(0, 1, [1], 'BOOL')}}`, 1),
      'UNSUPPORTED_DTYPE',
      /"a": unsupported dtype "BOOL"/,
    ],
    ['no type', file('{"a":{"shape":[1],"data_offsets":[0,1]}}', 1), 'UNSUPPORTED_DTYPE', /undefined/],
    [
      'a type from a prototype',
      file('{"a":{"__proto__":{"dtype":"U8"},"shape":[1],"data_offsets":[0,1]}}', 1),
      'UNSUPPORTED_DTYPE',
      /undefined/,
    ],
    ['a negative size', file(`{"a":${entry(0, 1, [-1])}}`, 1), 'INVALID_HEADER', /invalid shape \[-1\]/],
    ['a shape above 2^53', file(`{"a":${entry(0, 1, [2 ** 40, 2 ** 40])}}`, 1), 'INVALID_HEADER', /invalid shape/],
    ['one offset', file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}', 1), 'INVALID_HEADER', /data_offsets/],
    ['a negative offset', file(`{"a":${entry(-1, 0)}}`, 1), 'INVALID_HEADER', /data_offsets/],
    ['a size that is not the shape', file(`{"a":${entry(0, 3, [2])}}`, 3), 'INVALID_OFFSETS', /needs 2 bytes.*give 3/],
    ['end before begin', file(`{"a":${entry(3, 1, [2])}}`, 3), 'INVALID_OFFSETS', /give -2/],
    ['an overlap', file(`{"a":${entry(0, 2)},"b":${entry(1, 3)}}`, 3), 'INVALID_OFFSETS', /"b" overlaps/],
    ['a hole', file(`{"a":${entry(0, 1)},"b":${entry(2, 3)}}`, 3), 'INVALID_OFFSETS', /"b" leaves a hole/],
    ['data past the end', file(`{"a":${entry(0, 9)}}`, 8), 'TRUNCATED', /"a" ends at byte/],
    ['data after the last tensor', file(`{"a":${entry(0, 8)}}`, 9), 'INVALID_OFFSETS', /end of the file/],
  ];
  it.each(cases)('refuses %s', (_, bytes, code, message) => {
    expect(() => decodeSafetensorsHeader(bytes)).toThrow(expect.objectContaining({ code }));
    expect(() => decodeSafetensorsHeader(bytes)).toThrow(message);
  });
});
