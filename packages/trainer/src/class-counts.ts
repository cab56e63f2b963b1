import type { Batch, Scores } from '@weft/models';
import type { Vector } from '@weft/native';

/** Scores of some samples and, where that was asked for, how many of each class are predicted correctly. */
export interface Evaluation extends Scores {
  /** By class index; their sum is `correct`. */
  readonly correctByClass?: Uint32Array;
}

/**
 * Adds the samples of a batch whose largest output is that of their class, by class. The first of equal outputs counts, as in
 * `Replica.evaluate`; one output tells two classes apart at ½.
 *
 * @param outputs size × outputs, as of `Replica.predict`
 * @param into a count a class
 */
export function countByClass(outputs: Vector, { targets, size }: Batch, into: Uint32Array): void {
  const width = outputs.length / size;
  for (let i = 0; i < size; i++) {
    const row = outputs.subarray(i * width, (i + 1) * width);
    const label = targets instanceof Uint16Array ? targets[i]! : classOf(targets.subarray(i * width, (i + 1) * width));
    if (classOf(row) === label) into[label]! += 1;
  }
}

function classOf(row: Vector): number {
  if (row.length === 1) return row[0]! > 0.5 ? 1 : 0;
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i;
  return best;
}
