import { describe, expect, it } from 'vitest';
import { parseByteSize } from '../src/byte-size.js';

describe('parseByteSize', () => {
  it.each([
    ['256MiB', 268_435_456],
    [' 1 GiB ', 1_073_741_824],
    ['1.5KiB', 1536],
    ['2KB', 2000],
    ['3MB', 3_000_000],
    ['0.5GB', 500_000_000],
    ['7B', 7],
    ['4096', 4096],
    ['0', 0],
  ])('reads %s', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  it.each(['', 'MiB', '-1', '1e6', '1 TiB', '1mib', '1,5MiB', '0x10', '99999999GiB', '1MiB2', 'iB', '5iB'])(
    'refuses %j',
    (text) => {
      expect(parseByteSize(text)).toBeNull();
    },
  );
});
