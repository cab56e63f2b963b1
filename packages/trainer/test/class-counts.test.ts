import { describe, expect, it } from 'vitest';
import { countByClass } from '../src/class-counts.js';

describe('countByClass', () => {
  const inputs = new Float32Array(0);

  it('adds samples whose largest output is that of their class; the first of equal ones counts', () => {
    const into = Uint32Array.of(0, 5, 0);
    const outputs = Float32Array.of(0.1, 0.8, 0.1, 0.4, 0.4, 0.2, 0.4, 0.4, 0.2, 0, 0, 1, 0.2, 0.2, 0.6);
    countByClass(outputs, { inputs, targets: Uint16Array.of(1, 0, 1, 2, 0), size: 5 }, into);
    expect([...into]).toEqual([1, 6, 1]);
  });

  it('takes targets in rows, and one output for two classes', () => {
    const rows = new Uint32Array(2);
    countByClass(Float32Array.of(0.9, 0.1, 0.9, 0.1), { inputs, targets: Float32Array.of(1, 0, 0, 1), size: 2 }, rows);
    expect([...rows]).toEqual([1, 0]);
    const two = new Uint32Array(2);
    countByClass(Float32Array.of(0.9, 0.1, 0.5), { inputs, targets: Uint16Array.of(1, 1, 0), size: 3 }, two);
    expect([...two]).toEqual([1, 1]);
  });
});
