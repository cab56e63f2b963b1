import { expect, it } from 'vitest';
import { asUint16 } from '../../src/compression/uint16-view.js';
import { codeOf } from './vectors.js';

it('asUint16 is a view of the same memory, at even places only', () => {
  const bytes = Uint8Array.of(0, 0, 1, 2);
  expect([...asUint16(bytes.subarray(2))]).toEqual([0x0201]);
  bytes[2] = 3;
  expect([...asUint16(bytes)]).toEqual([0, 0x0203]);
  expect(codeOf(() => asUint16(bytes.subarray(1, 3)))).toBe('misaligned');
  expect(codeOf(() => asUint16(bytes.subarray(0, 3)))).toBe('misaligned');
});
