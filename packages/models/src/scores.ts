/** What is counted over a batch. */
import type { Vector } from '@weft/native';
import type { Head } from './head.js';

/**
 * Samples whose largest output is that of their class; the first of equal ones counts. Softmax and sigmoid keep order, so
 * logits serve.
 *
 * With one output: whether logit and target are on the same side (0 and ½) of a sigmoid head, 0 correct otherwise.
 *
 * @param logits size × outputs
 * @param rows targets, size × outputs
 */
export function countCorrect(logits: Vector, rows: Vector, { outputs, head }: { outputs: number; head: Head }): number {
  let correct = 0;
  if (outputs === 1) {
    if (head !== 'sigmoid') return 0;
    for (let i = 0; i < rows.length; i++) if (logits[i]! > 0 === rows[i]! > 0.5) correct++;
    return correct;
  }
  for (let start = 0; start < rows.length; start += outputs) {
    if (largest(logits, start, outputs) === largest(rows, start, outputs)) correct++;
  }
  return correct;
}

function largest(values: Vector, start: number, length: number): number {
  let best = start;
  for (let i = start + 1; i < start + length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
