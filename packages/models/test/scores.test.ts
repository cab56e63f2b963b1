import { describe, expect, it } from 'vitest';
import { countCorrect } from '../src/scores.js';

describe('countCorrect', () => {
  it('compares the largest of each row, the first of equal ones', () => {
    const logits = Float32Array.of(1, 2, 0, 3, 3, 1, 0, 0, 5);
    const rows = Float32Array.of(0, 1, 0, 1, 0, 0, 1, 0, 0);
    expect(countCorrect(logits, rows, { outputs: 3, head: 'softmax' })).toBe(2);
  });

  it('takes sides for one sigmoid output, and counts nothing for one value', () => {
    const logits = Float32Array.of(1, -1, 2);
    const rows = Float32Array.of(1, 0, 0);
    expect(countCorrect(logits, rows, { outputs: 1, head: 'sigmoid' })).toBe(2);
    expect(countCorrect(logits, rows, { outputs: 1, head: 'linear' })).toBe(0);
  });
});
