import { expect, it } from 'vitest';
import { bytesOf } from '../src/byte-view.js';

it('is the same memory, of just that range', () => {
  const vector = Float32Array.of(1, 2, 3);
  const bytes = bytesOf(vector.subarray(1, 2));
  expect([bytes.buffer === vector.buffer, bytes.byteOffset, bytes.length]).toEqual([true, 4, 4]);
  expect(bytesOf(bytes)).toBe(bytes);
});
