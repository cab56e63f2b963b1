import { describe, expect, it, vi } from 'vitest';
import { tf } from '../src/tf.js';

describe('tf', () => {
  it('computes without a hint on the console', () => {
    const warn = vi.spyOn(console, 'warn');
    expect(tf.add(1, 2).dataSync()[0]).toBe(3);
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });
});
