import { describe, expect, it } from 'vitest';
import { tf } from '../src/tf.js';
import { useFastestBackend } from '../src/tfjs-backend.js';

describe('useFastestBackend', () => {
  it('takes wasm here, once and again', async () => {
    expect(await useFastestBackend()).toBe('wasm');
    expect(await useFastestBackend()).toBe('wasm');
    expect(tf.getBackend()).toBe('wasm');
  });
});
