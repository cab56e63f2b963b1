import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { scanMsgpackMap } from '../src/msgpack-scan.js';

const bytes = (...values: number[]) => Uint8Array.from(values);

describe('scanMsgpackMap', () => {
  it('passes every kind of plain value', () => {
    const value = {
      none: null,
      flags: [true, false],
      small: [0, 127, -1, -32],
      large: [200, -100, 40_000, -30_000, 3e9, -2e9, 1e15, 0.5],
      texts: ['', 'a', 'b'.repeat(40), 'c'.repeat(300), 'd'.repeat(70_000)],
      long: Array.from({ length: 20 }, (_, i) => i),
      longer: Array.from({ length: 70_000 }, () => 0),
      deep: { a: { b: [{}] } },
      wide: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i])),
    };
    expect(() => scanMsgpackMap(new Packr({ useRecords: false, variableMapSize: true }).pack(value))).not.toThrow();
  });

  it.each([
    ['nothing', bytes()],
    ['an array', bytes(0x90)],
    ['bytes left over', bytes(0x80, 0)],
    ['a map cut short', bytes(0x81, 0xa1, 0x61)],
    ['a string cut short', bytes(0x81, 0xa1, 0x61, 0xa3, 0x61)],
    ['a number cut short', bytes(0x81, 0xa1, 0x61, 0xcb, 0)],
    ['a number as key', bytes(0x81, 1, 1)],
    ['binary', bytes(0x81, 0xa1, 0x61, 0xc4, 1, 0)],
    ['an extension', bytes(0x81, 0xa1, 0x61, 0xd4, 0, 0)],
    ['a record of msgpackr', bytes(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1)],
    ['a date', bytes(0x81, 0xa1, 0x61, 0xd6, 0xff, 0, 0, 0, 0)],
    ['the type that is never used', bytes(0x81, 0xa1, 0x61, 0xc1)],
    ['an array that claims 2³² elements', bytes(0x81, 0xa1, 0x61, 0xdd, 0xff, 0xff, 0xff, 0xff)],
    ['a map that claims 2³² entries', bytes(0xdf, 0xff, 0xff, 0xff, 0xff)],
    ['a string that claims 4 GiB', bytes(0x81, 0xa1, 0x61, 0xdb, 0xff, 0xff, 0xff, 0xff)],
    ['arrays too deep', bytes(0x81, 0xa1, 0x61, ...Array.from({ length: 20 }, () => 0x91), 0)],
  ])('refuses %s', (_name, input) => {
    expect(() => scanMsgpackMap(input)).toThrow(expect.objectContaining({ code: 'header' }));
  });
});
