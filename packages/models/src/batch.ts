/** Batches checked against a model before anything is computed, and their targets as rows. */
import type { Vector } from '@weft/native';
import { ModelError } from './errors.js';
import type { Batch } from './replica.js';

/** What a batch must fit. */
export interface BatchShape {
  /** Elements of one input. */
  readonly features: number;
  /** Elements of one output. */
  readonly outputs: number;
}

/** @throws ModelError `bad-batch` when inputs are not size × features values */
export function checkInputs(batch: Pick<Batch, 'inputs' | 'size'>, { features }: BatchShape): void {
  const { size, inputs } = batch;
  if (!Number.isSafeInteger(size) || size < 1)
    throw new ModelError('bad-batch', `batch: a size of at least 1 expected, got ${size}`);
  expectLength('inputs', inputs.length, size * features, `${size} × ${features}`);
}

/** @throws ModelError `bad-batch` when a size is wrong or a class index is out of range */
export function checkBatch(batch: Batch, shape: BatchShape): void {
  checkInputs(batch, shape);
  const { size, targets, weights } = batch;
  const { outputs } = shape;
  if (weights !== undefined) expectLength('weights', weights.length, size, `${size}`);
  if (targets instanceof Float32Array) {
    expectLength('targets', targets.length, size * outputs, `${size} × ${outputs}`);
    return;
  }
  expectLength('targets', targets.length, size, `${size}`);
  const classes = classCount(outputs);
  for (let i = 0; i < size; i++) {
    const label = targets[i]!;
    if (label >= classes) {
      throw new ModelError('bad-batch', `batch: class indexes below ${classes} expected, got ${label} in sample ${i}`);
    }
  }
}

/** Targets as size × outputs values: class indexes become one-hot rows, or the value itself where there is one output. */
export function targetRows({ targets, size }: Pick<Batch, 'targets' | 'size'>, outputs: number): Vector {
  if (targets instanceof Float32Array) return targets;
  if (outputs === 1) return Float32Array.from(targets);
  const rows = new Float32Array(size * outputs);
  for (let i = 0; i < size; i++) rows[i * outputs + targets[i]!] = 1;
  return rows;
}

/** One output tells two classes apart. */
function classCount(outputs: number): number {
  return outputs === 1 ? 2 : outputs;
}

function expectLength(what: string, got: number, expected: number, formula: string): void {
  if (got !== expected) throw new ModelError('bad-batch', `batch: ${formula} ${what} expected, got ${got}`);
}
