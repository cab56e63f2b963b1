import { describe, expect, it } from 'vitest';
import { SharedBatch } from '../src/shared-batch.js';

describe('SharedBatch', () => {
  it('copies a batch into shared memory, types kept', () => {
    const shared = new SharedBatch();
    const batch = { inputs: Uint8Array.of(1, 2), targets: Uint16Array.of(3), weights: Float32Array.of(0.5), size: 1 };
    const copy = shared.batch(batch);
    expect(copy).toEqual(batch);
    for (const array of [copy.inputs, copy.targets, copy.weights!])
      expect(array.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(shared.batch({ inputs: Float32Array.of(7), targets: Float32Array.of(8), size: 1 })).toEqual({
      inputs: Float32Array.of(7),
      targets: Float32Array.of(8),
      size: 1,
    });
  });

  it('keeps its buffers until a larger batch comes', () => {
    const shared = new SharedBatch();
    const first = shared.inputs(new Uint8Array(8)).buffer;
    expect(shared.inputs(new Uint8Array(4)).buffer).toBe(first);
    expect(shared.inputs(new Uint8Array(9)).buffer).not.toBe(first);
    expect(shared.outputs(3)).toHaveLength(3);
  });
});
