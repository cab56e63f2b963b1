import { TransportError } from '../errors.js';

/** One tensor of a flat vector, row-major. A replica's layout is a list of these. */
export interface TensorLayout {
  readonly name: string;
  readonly shape: readonly number[];
  /** Of its first element in the flat vector. */
  readonly offset: number;
  readonly length: number;
}

/** A tensor as a matrix M (rows × columns) ≈ P Qᵀ, and where P and Q lie in their vectors. */
export interface MatrixPart {
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly rank: number;
  /** P: rows × rank, row-major. */
  readonly left: number;
  /** Qᵀ: rank × columns, row-major. */
  readonly right: number;
}

/** A tensor that is sent as it is, and where in the vector of the P's. */
interface VectorPart {
  readonly offset: number;
  readonly length: number;
  readonly left: number;
}

export interface MatrixLayout {
  /** Elements of the flat vector. */
  readonly n: number;
  readonly matrices: readonly MatrixPart[];
  readonly vectors: readonly VectorPart[];
  /** Elements of all P's, followed by the vectors. */
  readonly leftLength: number;
  /** Elements of all Q's. */
  readonly rightLength: number;
}

const product = (factors: readonly number[]) => factors.reduce((all, f) => all * f, 1);

/**
 * Which tensors are matrices to be approximated by rank r, and which are sent whole: those of one dimension, and those that P and Q would not
 * make smaller.
 *
 * A tensor of more than two dimensions is [outer, inner] with inner its last: a kernel [height, width, in, out] is (height · width · in) × out,
 * the transpose of the paper's out × (in · height · width), for which approximations are the same.
 *
 * @throws {TransportError} `configuration` when tensors overlap, leave a gap, or contradict their shapes, or rank is no whole number ≥ 1
 * @example matrixLayout([{ name: 'kernel', shape: [784, 250], offset: 0, length: 196_000 }], 4).leftLength // 3136
 */
export function matrixLayout(tensors: readonly TensorLayout[], rank: number): MatrixLayout {
  if (!Number.isSafeInteger(rank) || rank < 1)
    throw new TransportError('configuration', `PowerSGD: a rank ≥ 1 expected, got ${rank}`);
  const matrices: MatrixPart[] = [];
  const whole: TensorLayout[] = [];
  let [n, left, right] = [0, 0, 0];
  for (const tensor of [...tensors].sort((a, b) => a.offset - b.offset)) {
    const { name, shape, offset, length } = tensor;
    const fits = shape.every((d) => Number.isSafeInteger(d) && d >= 0) && product(shape) === length;
    if (!fits || offset !== n) {
      throw new TransportError(
        'configuration',
        `PowerSGD: tensors that follow each other expected, got ${name} [${shape.join(', ')}] of ${length} elements at ${offset}, after ${n}`,
      );
    }
    n += length;
    const columns = shape.at(-1) ?? 1;
    const rows = columns > 0 ? length / columns : 0;
    const r = Math.min(rank, rows, columns);
    if (shape.length < 2 || r * (rows + columns) >= length) {
      whole.push(tensor);
      continue;
    }
    matrices.push({ offset, rows, columns, rank: r, left, right });
    left += rows * r;
    right += r * columns;
  }
  const vectors = whole.map(({ offset, length }) => {
    const part = { offset, length, left };
    left += length;
    return part;
  });
  return { n, matrices, vectors, leftLength: left, rightLength: right };
}
