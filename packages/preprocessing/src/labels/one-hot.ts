import { allGather } from '../all-gather.js';
import { PreprocessingError } from '../errors.js';
import { assertMatrix, type Matrix, outputOf } from '../matrix.js';
import { onePass } from '../one-pass.js';
import { assertFeatures } from '../shape.js';
import { readState } from '../state-reader.js';
import type { Chunks, FitOptions, Transformer, TransformerJson } from '../transformer.js';

/** Labels are uint16. */
const MAX_CLASSES = 65536;

/**
 * Labels to rows of one 1, and rows to labels:
 *
 *   y_k = 1 if k = label, else 0;  label = argmax_k y_k, the least k of equal ones
 *
 * Labels are a matrix of one feature. `fit` finds the number of classes; a known number needs no fit.
 *
 * @example new OneHot(10).transform({ values: Uint16Array.of(3, 0), rows: 2, features: 1 }) // 2 × 10
 */
export class OneHot implements Transformer {
  static readonly kind = 'one-hot';
  readonly kind = OneHot.kind;
  #classes: number | undefined;

  /** @throws PreprocessingError INVALID_ARGUMENT */
  constructor(classes?: number) {
    if (classes !== undefined && !(Number.isSafeInteger(classes) && classes >= 1 && classes <= MAX_CLASSES)) {
      throw new PreprocessingError('INVALID_ARGUMENT', `classes: expected 1 to ${MAX_CLASSES}, got ${classes}`);
    }
    this.#classes = classes;
  }

  /** Number of classes. @throws PreprocessingError NOT_FITTED */
  get classes(): number {
    if (this.#classes === undefined) throw new PreprocessingError('NOT_FITTED', `${this.kind}: fitted on no rows`);
    return this.#classes;
  }

  get isFitted(): boolean {
    return this.#classes !== undefined;
  }

  /** One label gives as many values as there are classes. @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH */
  outputShape(inputShape: readonly number[]): readonly number[] {
    assertFeatures(inputShape, 1);
    return [this.classes];
  }

  /** Learns the number of classes: the greatest label + 1. @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH, INVALID_VALUE */
  async fit(chunks: Chunks, options: FitOptions = {}): Promise<this> {
    this.#classes = undefined;
    let greatest = -1;
    await onePass(chunks, this.kind, options, (chunk) => {
      assertMatrix(chunk, 1);
      for (let row = 0; row < chunk.rows; row++) greatest = Math.max(greatest, labelAt(chunk, row, MAX_CLASSES));
    });
    const { allReduce } = options;
    if (allReduce) {
      const all = await allGather(allReduce, [Float64Array.of(greatest)]);
      greatest = Math.max(...all.map(([label]) => label!));
    }
    if (greatest < 0) throw new PreprocessingError('NOT_FITTED', `${this.kind}: fitted on no rows`);
    this.#classes = greatest + 1;
    return this;
  }

  /** Rows × 1 labels to rows × classes. @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH, INVALID_VALUE */
  transform(labels: Matrix, out?: Float32Array): Matrix<Float32Array> {
    const { classes } = this;
    assertMatrix(labels, 1);
    const y = outputOf(labels.rows, classes, out);
    y.values.fill(0);
    for (let row = 0; row < labels.rows; row++) y.values[row * classes + labelAt(labels, row, classes)] = 1;
    return y;
  }

  /** Rows × classes to rows × 1 labels. @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH, INVALID_VALUE for NaN */
  inverse(y: Matrix): Matrix<Uint16Array> {
    const { classes } = this;
    assertMatrix(y, classes);
    const labels = new Uint16Array(y.rows);
    for (let row = 0; row < y.rows; row++) {
      const offset = row * classes;
      let best = 0;
      for (let k = 0; k < classes; k++) {
        const value = y.values[offset + k]!;
        if (Number.isNaN(value)) {
          throw new PreprocessingError('INVALID_VALUE', `row ${row}, feature ${k}: expected a number, got NaN`);
        }
        if (value > y.values[offset + best]!) best = k;
      }
      labels[row] = best;
    }
    return { values: labels, rows: y.rows, features: 1 };
  }

  /** @throws PreprocessingError NOT_FITTED */
  toJSON(): TransformerJson {
    return { kind: this.kind, version: 1, classes: this.classes };
  }

  /** @throws PreprocessingError INVALID_STATE */
  static fromJSON(json: unknown): OneHot {
    const state = readState(json, OneHot.kind);
    const classes = state.integer('classes', 1);
    return classes <= MAX_CLASSES ? new OneHot(classes) : state.refuse(`classes: expected ≤ ${MAX_CLASSES}`);
  }
}

function labelAt(labels: Matrix, row: number, classes: number): number {
  const label = labels.values[row]!;
  if (!Number.isInteger(label) || label < 0 || label >= classes) {
    const message = `row ${row}: expected a label of 0 to ${classes - 1}, got ${label}`;
    throw new PreprocessingError('INVALID_VALUE', message);
  }
  return label;
}
