import { describe, expect, it } from 'vitest';
import { asFloat32 } from '../src/float32-view.js';

describe('asFloat32', () => {
  it('is a view of the same memory', () => {
    const numbers = Float32Array.of(1.5, -2);
    const view = asFloat32(new Uint8Array(numbers.buffer));
    expect([...view]).toEqual([1.5, -2]);
    view[0] = 3;
    expect(numbers[0]).toBe(3);
  });

  it('refuses a misaligned place and a length that 4 does not divide', () => {
    expect(() => asFloat32(new Uint8Array(new ArrayBuffer(12), 1, 4))).toThrow(
      /an offset that 4 divides expected, got 1/,
    );
    expect(() => asFloat32(new Uint8Array(6))).toThrow(/a length that 4 divides expected, got 6 bytes/);
  });
});
