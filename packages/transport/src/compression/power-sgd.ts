import { add, matrixProduct, orthonormalize, scaledDifference } from '@weft/native';
import { TransportError } from '../errors.js';
import { expectState } from './code-checks.js';
import { type MatrixPart, matrixLayout, type TensorLayout } from './matrix-layout.js';
import { expectDelta, type MessageKind } from './message-kind.js';
import { startRow } from './start-row.js';

// first all-reduce  = P:f32[rows · rank] of each matrix, then element:f32[length] of each tensor that is sent whole
// second all-reduce = Qᵀ:f32[rank · columns] of each matrix
//                     both in the order of offsets; rank as matrixLayout has it

/** What PowerSGD can be told; the same on all ranks. */
export interface PowerSgdOptions {
  /** r, 2 unless said otherwise: the paper's figure for image models; 4 for language models. */
  readonly rank?: number;
  /** A whole number that the first Q's are made from. */
  readonly seed?: number;
  readonly message?: MessageKind;
}

/** What PowerSGD remembers between steps: numbers only, so that it checkpoints. Changed in place. */
export interface PowerSgdState {
  /** e of this rank. */
  readonly residual: Float32Array;
  /** The Qᵀ's of the last step, the same on all ranks: the warm start. */
  readonly right: Float32Array;
  /** Steps taken, the same on all ranks. */
  steps: number;
}

/** Replaces a vector by its mean over all ranks, with the same bits on each. */
export type AllReduceMean = (vector: Float32Array) => Promise<void>;

export interface PowerSgd {
  /** What one rank gives to both all-reduces together, in bytes. */
  readonly bytes: number;
  init(): PowerSgdState;
  /**
   * out ← the compressed mean of g + e over all ranks, the same bits on each. The state changes only at the end, so a step whose
   * all-reduce failed can be taken again, unless out was g, which is allowed. Until the promise settles state and out are the call's.
   *
   * @throws {TransportError} `configuration` when a length is another than the layout's; else what allReduceMean throws
   */
  allReduce(g: Float32Array, state: PowerSgdState, out: Float32Array, allReduceMean: AllReduceMean): Promise<void>;
}

/**
 * PowerSGD (Vogels, Karimireddy, Jaggi 2019, "PowerSGD: practical low-rank gradient compression for distributed optimization", algorithms 1
 * and 2): one step of subspace iteration a call, warm-started. For each matrix M = g + e of the layout
 * P ← M Q; all-reduce mean P; P ← orthonormalize(P); Q_w ← Mᵀ P; Q ← all-reduce mean Q_w; M̂ = P Qᵀ; e ← M − P Q_wᵀ.
 * So the mean of all ranks' g is what comes out plus what the mean of their e grew by. Vectors are averaged as they are, with e = 0.
 *
 * The first Q is uniform in [−1, 1) by integer arithmetic (the paper: normal), so that all ranks agree. A row of Qᵀ that became zero, since
 * the gradient had too low a rank, starts anew in the same way. Sums run in one order on every CPU: given the same bits by allReduceMean,
 * ranks on different machines end with the same bits.
 *
 * @param tensors the layout of the flat vector, without gaps
 * @throws {TransportError} `configuration` when layout or options are not what they must be
 * @example
 * const powersgd = powerSgd(replica.layout, { rank: 4 });
 * const state = powersgd.init();
 * await powersgd.allReduce(replica.gradients, state, mean, (v) => ringAllReduce(group, v, { op: 'mean' }));
 */
export function powerSgd(tensors: readonly TensorLayout[], options: PowerSgdOptions = {}): PowerSgd {
  const { rank = 2, seed = 0, message = 'delta' } = options;
  expectDelta('PowerSGD', message);
  if (!Number.isSafeInteger(seed))
    throw new TransportError('configuration', `PowerSGD: a whole number as seed expected, got ${seed}`);
  const { n, matrices, vectors, leftLength, rightLength } = matrixLayout(tensors, rank);
  const leftOf = (v: Float32Array, m: MatrixPart) => v.subarray(m.left, m.left + m.rows * m.rank);
  const rightOf = (v: Float32Array, m: MatrixPart) => v.subarray(m.right, m.right + m.rank * m.columns);
  const matrixOf = (v: Float32Array, m: MatrixPart) => v.subarray(m.offset, m.offset + m.rows * m.columns);

  return {
    bytes: 4 * (leftLength + rightLength),
    init: () => ({ residual: new Float32Array(n), right: new Float32Array(rightLength), steps: 0 }),

    async allReduce(g, state, out, allReduceMean) {
      if (g.length !== n || out.length !== n) {
        throw new TransportError(
          'configuration',
          `PowerSGD: vectors of ${n} elements expected, got ${g.length} and ${out.length}`,
        );
      }
      expectState('PowerSGD', state, { residual: n, right: rightLength });
      const left = new Float32Array(leftLength);
      const start = state.right.slice();
      const own = new Float32Array(rightLength);

      // M = g + e, in out until the end.
      if (out !== g) out.set(g);
      add(state.residual, out);
      for (const [i, m] of matrices.entries()) {
        const q = rightOf(start, m);
        for (let r = 0; r < m.rank; r++) {
          const row = q.subarray(r * m.columns, (r + 1) * m.columns);
          if (row.every((v) => v === 0)) startRow(row, [seed, i, r, state.steps]);
        }
        const shape = { rows: m.rows, columns: m.rank, depth: m.columns, transposeB: true };
        matrixProduct(matrixOf(out, m), q, leftOf(left, m), shape);
      }
      for (const v of vectors) left.set(out.subarray(v.offset, v.offset + v.length), v.left);
      await allReduceMean(left);

      for (const m of matrices) {
        const p = leftOf(left, m);
        orthonormalize(p, m.rank);
        const shape = { rows: m.rank, columns: m.columns, depth: m.rows, transposeA: true };
        matrixProduct(p, matrixOf(out, m), rightOf(own, m), shape);
      }
      const right = own.slice();
      if (rightLength > 0) await allReduceMean(right);

      for (const m of matrices) {
        const [p, e, whole] = [leftOf(left, m), matrixOf(state.residual, m), matrixOf(out, m)];
        const shape = { rows: m.rows, columns: m.columns, depth: m.rank };
        matrixProduct(p, rightOf(own, m), e, shape);
        scaledDifference(1, whole, e, e);
        matrixProduct(p, rightOf(right, m), whole, shape);
      }
      for (const v of vectors) {
        out.set(left.subarray(v.left, v.left + v.length), v.offset);
        state.residual.fill(0, v.offset, v.offset + v.length);
      }
      state.right.set(right);
      state.steps++;
    },
  };
}
