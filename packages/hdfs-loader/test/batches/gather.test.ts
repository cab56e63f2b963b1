import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochOrder } from '../../src/batches/epoch-order.js';
import { gather } from '../../src/batches/gather.js';
import { floatSamples, syntheticSamples } from '../synthetic-source.js';

const buffers = (rows: number) => ({ inputs: new Uint8Array(rows * 4), targets: new Uint16Array(rows) });

describe('gather', () => {
  it('copies rows in the order given and leaves the rest of the buffers alone', () => {
    const into = buffers(4);
    into.inputs.fill(99);
    expect(gather(syntheticSamples(6), Uint32Array.of(5, 0, 3, 1), { start: 1, end: 4 }, into)).toBe(3);
    expect([...into.inputs]).toEqual([0, 0, 0, 0, 3, 3, 3, 3, 1, 1, 1, 1, 99, 99, 99, 99]);
    expect([...into.targets]).toEqual([0, 0, 1, 0]);
  });

  it('visits every sample once over the batches of an epoch, whatever their size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 20 }), fc.nat(), (count, size, seed) => {
        const samples = syntheticSamples(count);
        const order = epochOrder(count, { seed, epoch: 0 });
        const into = buffers(size);
        const seen: number[] = [];
        for (let start = 0; start < count; start += size) {
          const rows = gather(samples, order, { start, end: Math.min(count, start + size) }, into);
          for (let row = 0; row < rows; row++) {
            seen.push(into.inputs[row * 4]!);
            expect(into.targets[row]).toBe(into.inputs[row * 4]! % 3);
          }
        }
        expect(seen).toEqual([...order]);
      }),
    );
  });

  it('copies real numbers into memory of theirs alone', () => {
    const into = { inputs: new Float32Array(8), targets: new Uint16Array(2) };
    expect(gather(floatSamples(6), Uint32Array.of(5, 1), { start: 0, end: 2 }, into)).toBe(2);
    expect([...into.inputs]).toEqual([...floatSamples(1, 5).inputs, ...floatSamples(1, 1).inputs]);
    const cut = () => gather(floatSamples(6), Uint32Array.of(5), { start: 0, end: 1 }, buffers(2));
    expect(cut).toThrow('expected room for float32 inputs, got uint8');
    expect(() => gather(syntheticSamples(6), Uint32Array.of(5), { start: 0, end: 1 }, into)).toThrow(
      'expected room for uint8 inputs, got float32',
    );
  });

  it('refuses ranges, indexes and buffers that do not fit', () => {
    const samples = syntheticSamples(3);
    const order = Uint32Array.of(0, 1, 3);
    expect(() => gather(samples, order, { start: 0, end: 4 }, buffers(4))).toThrow('within [0, 3), got [0, 4)');
    expect(() => gather(samples, order, { start: 2, end: 1 }, buffers(4))).toThrow('got [2, 1)');
    expect(() => gather(samples, order, { start: -1, end: 1 }, buffers(4))).toThrow('got [-1, 1)');
    expect(() => gather(samples, order, { start: 0, end: 0.5 }, buffers(4))).toThrow('got [0, 0.5)');
    expect(() => gather(samples, order, { start: 0, end: 2 }, buffers(1))).toThrow('room for 2 × 4 values');
    expect(() => gather(samples, order, { start: 0, end: 3 }, buffers(3))).toThrow(
      'order[2]: expected an index below 3, got 3',
    );
  });
});
