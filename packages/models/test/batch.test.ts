import { describe, expect, it } from 'vitest';
import { checkBatch, checkInputs, targetRows } from '../src/batch.js';

const shape = { features: 2, outputs: 3 };
const inputs = new Float32Array(4);

describe('checkInputs', () => {
  it('refuses a size below one and inputs of another length', () => {
    expect(() => checkInputs({ inputs: new Uint8Array(0), size: 0 }, shape)).toThrow(
      /size of at least 1 expected, got 0/,
    );
    expect(() => checkInputs({ inputs, size: 3 }, shape)).toThrow('batch: 3 × 2 inputs expected, got 4');
    expect(() => checkInputs({ inputs, size: 2 }, shape)).not.toThrow();
  });
});

describe('checkBatch', () => {
  it('refuses targets and weights of another length', () => {
    expect(() => checkBatch({ inputs, targets: Uint16Array.of(0), size: 2 }, shape)).toThrow(
      '2 targets expected, got 1',
    );
    expect(() => checkBatch({ inputs, targets: new Float32Array(2), size: 2 }, shape)).toThrow(
      '2 × 3 targets expected, got 2',
    );
    const weights = new Float32Array(3);
    expect(() => checkBatch({ inputs, targets: new Uint16Array(2), weights, size: 2 }, shape)).toThrow(
      '2 weights expected, got 3',
    );
  });

  it('refuses a class out of range, naming the sample', () => {
    expect(() => checkBatch({ inputs, targets: Uint16Array.of(2, 3), size: 2 }, shape)).toThrow(
      'class indexes below 3 expected, got 3 in sample 1',
    );
    const single = { features: 2, outputs: 1 };
    expect(() => checkBatch({ inputs, targets: Uint16Array.of(1, 0), size: 2 }, single)).not.toThrow();
    expect(() => checkBatch({ inputs, targets: Uint16Array.of(2, 0), size: 2 }, single)).toThrow(/below 2/);
  });
});

describe('targetRows', () => {
  it('turns class indexes into one-hot rows, or values for one output, and leaves rows alone', () => {
    expect([...targetRows({ targets: Uint16Array.of(2, 0), size: 2 }, 3)]).toEqual([0, 0, 1, 1, 0, 0]);
    expect([...targetRows({ targets: Uint16Array.of(1, 0), size: 2 }, 1)]).toEqual([1, 0]);
    const rows = new Float32Array(6);
    expect(targetRows({ targets: rows, size: 2 }, 3)).toBe(rows);
  });
});
