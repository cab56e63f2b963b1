import { allGather } from '../all-gather.js';
import { PreprocessingError } from '../errors.js';
import { assertMatrix, type Matrix } from '../matrix.js';
import { onePass } from '../one-pass.js';
import { assertFeatures } from '../shape.js';
import { readState } from '../state-reader.js';
import type { Chunks, FitOptions, Transformer, TransformerJson } from '../transformer.js';

/** Indexes are uint16. */
const MAX_CLASSES = 65536;

/** What names a class: a text, or an integer. */
export type Label = string | number;

/**
 * Texts or sparse numbers to 0 … n − 1 and back:
 *
 *   index = number of distinct labels before this one; numbers in ascending order, texts by their UTF-16 units
 *
 * `fit` learns numbers from a matrix of one feature; known labels, texts among them, need no fit. For targets; no step of a
 * pipeline, whose samples are pixels or features.
 *
 * @example new LabelIndex(['shirt', 'bag']).encode(['bag', 'shirt', 'bag']) // Uint16Array [0, 1, 0]
 */
export class LabelIndex implements Transformer {
  static readonly kind = 'label-index';
  readonly kind = LabelIndex.kind;
  #labels: readonly Label[] | undefined;
  #indexes: ReadonlyMap<Label, number> = new Map();

  /**
   * @param labels all texts or all integers, any order, repeated or not
   * @throws PreprocessingError INVALID_ARGUMENT
   */
  constructor(labels?: Iterable<Label>) {
    if (labels === undefined) return;
    const known = distinct(labels);
    if (known.length === 0) throw new PreprocessingError('INVALID_ARGUMENT', 'labels: expected at least one, got none');
    this.#set(known);
  }

  /** The label of each index. @throws PreprocessingError NOT_FITTED */
  get labels(): readonly Label[] {
    if (!this.#labels) throw new PreprocessingError('NOT_FITTED', `${this.kind}: fitted on no rows`);
    return this.#labels;
  }

  get isFitted(): boolean {
    return this.#labels !== undefined;
  }

  /** One label gives one index. @throws PreprocessingError SHAPE_MISMATCH */
  outputShape(inputShape: readonly number[]): readonly number[] {
    assertFeatures(inputShape, 1);
    return inputShape;
  }

  /** Learns the numbers that occur. @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH, INVALID_VALUE */
  async fit(chunks: Chunks, options: FitOptions = {}): Promise<this> {
    this.#set(undefined);
    const seen = new Set<number>();
    await onePass(chunks, this.kind, options, (chunk) => {
      assertMatrix(chunk, 1);
      for (let row = 0; row < chunk.rows; row++) {
        const label = chunk.values[row]!;
        if (!Number.isSafeInteger(label)) refuseLabel(row, 'an integer', label);
        seen.add(label);
      }
    });
    const { allReduce } = options;
    const all = allReduce ? (await allGather(allReduce, [Float64Array.from(seen)])).flatMap((part) => [...part]) : seen;
    const labels = distinct(all);
    if (labels.length === 0) throw new PreprocessingError('NOT_FITTED', `${this.kind}: fitted on no rows`);
    this.#set(labels);
    return this;
  }

  /** Labels to indexes. @throws PreprocessingError NOT_FITTED, INVALID_VALUE for a label that is not known, naming its row */
  encode(labels: Iterable<Label>): Uint16Array {
    const known = this.labels;
    const indexes = [];
    for (const label of labels) {
      const index = this.#indexes.get(label);
      if (index === undefined) refuseLabel(indexes.length, `one of ${known.length} known labels`, label);
      indexes.push(index);
    }
    return Uint16Array.from(indexes);
  }

  /** Indexes to labels. @throws PreprocessingError NOT_FITTED, INVALID_VALUE */
  decode(indexes: Iterable<number>): Label[] {
    const { labels } = this;
    return Array.from(indexes, (index, row) => labels[index] ?? refuseLabel(row, `0 to ${labels.length - 1}`, index));
  }

  /** Rows × 1 numbers to rows × 1 indexes. @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH, INVALID_VALUE */
  transform(x: Matrix): Matrix<Uint16Array> {
    assertMatrix(x, 1);
    return { values: this.encode(x.values.subarray(0, x.rows)), rows: x.rows, features: 1 };
  }

  /**
   * Rows × 1 indexes to rows × 1 numbers.
   *
   * @throws PreprocessingError NOT_FITTED, SHAPE_MISMATCH, INVALID_VALUE; INVALID_ARGUMENT where labels are texts (see decode)
   */
  inverse(y: Matrix): Matrix<Float32Array> {
    assertMatrix(y, 1);
    const labels = this.decode(y.values.subarray(0, y.rows));
    if (labels.some((label) => typeof label === 'string')) {
      throw new PreprocessingError(
        'INVALID_ARGUMENT',
        'expected labels that are numbers: texts have no place in a matrix',
      );
    }
    return { values: Float32Array.from(labels as number[]), rows: y.rows, features: 1 };
  }

  /** @throws PreprocessingError NOT_FITTED */
  toJSON(): TransformerJson {
    return { kind: this.kind, version: 1, labels: [...this.labels] };
  }

  /** @throws PreprocessingError INVALID_STATE */
  static fromJSON(json: unknown): LabelIndex {
    const state = readState(json, LabelIndex.kind);
    const labels = state.list('labels') as Label[];
    return state.made(() => new LabelIndex(labels));
  }

  #set(labels: readonly Label[] | undefined): void {
    this.#labels = labels;
    this.#indexes = new Map(labels?.map((label, index) => [label, index]));
  }
}

function distinct(labels: Iterable<Label>): Label[] {
  const all = [...new Set(labels)];
  if (all.length > MAX_CLASSES) {
    throw new PreprocessingError('INVALID_ARGUMENT', `labels: expected ≤ ${MAX_CLASSES}, got ${all.length}`);
  }
  if (all.every((label) => typeof label === 'string')) return all.sort((a, b) => (a < b ? -1 : 1));
  if (all.every((label) => Number.isSafeInteger(label))) return (all as number[]).sort((a, b) => a - b);
  throw new PreprocessingError('INVALID_ARGUMENT', 'labels: expected all texts or all integers');
}

function refuseLabel(row: number, expected: string, got: Label): never {
  const text = typeof got === 'string' ? JSON.stringify(got) : String(got);
  throw new PreprocessingError('INVALID_VALUE', `row ${row}: expected ${expected}, got ${text}`);
}
