/**
 * The kernels that the package exports: C++ where the addon is, else their TypeScript twins. Chosen once, at load, and for every
 * length, so that a value depends neither on where in a vector it stands nor on how a vector is cut into shards.
 */
import * as twinBlocks from './blocks.js';
import * as twinConvert from './convert.js';
import { crc32c as twinCrc32c, crc32cMismatch as twinCrc32cMismatch } from './crc32c.js';
import * as twinMatrix from './matrix.js';
import { addon } from './native.js';
import * as twinStep from './step.js';
import { topK as twinTopK } from './top-k.js';
import * as twinVector from './vector.js';

/** All kernels by name. */
export interface Kernels {
  readonly add: typeof twinVector.add;
  readonly axpy: typeof twinVector.axpy;
  readonly scale: typeof twinVector.scale;
  readonly scaledDifference: typeof twinVector.scaledDifference;
  readonly elastic: typeof twinVector.elastic;
  readonly rebase: typeof twinVector.rebase;
  readonly adagradApply: typeof twinVector.adagradApply;
  readonly sgdStep: typeof twinStep.sgdStep;
  readonly momentumStep: typeof twinStep.momentumStep;
  readonly adagradStep: typeof twinStep.adagradStep;
  readonly rmspropStep: typeof twinStep.rmspropStep;
  readonly adamStep: typeof twinStep.adamStep;
  readonly toHalf: typeof twinConvert.toHalf;
  readonly fromHalf: typeof twinConvert.fromHalf;
  readonly toBfloat: typeof twinConvert.toBfloat;
  readonly fromBfloat: typeof twinConvert.fromBfloat;
  readonly crc32c: typeof twinCrc32c;
  readonly crc32cMismatch: typeof twinCrc32cMismatch;
  readonly clip: typeof twinVector.clip;
  readonly int8EncodeBlocks: typeof twinBlocks.int8EncodeBlocks;
  readonly int8DecodeBlocks: typeof twinBlocks.int8DecodeBlocks;
  readonly oneBitEncodeBlocks: typeof twinBlocks.oneBitEncodeBlocks;
  readonly oneBitDecodeBlocks: typeof twinBlocks.oneBitDecodeBlocks;
  readonly topK: typeof twinTopK;
  readonly matrixProduct: typeof twinMatrix.matrixProduct;
  readonly orthonormalize: typeof twinMatrix.orthonormalize;
}

/** The TypeScript kernels. */
export const PORTABLE: Kernels = {
  ...twinVector,
  ...twinStep,
  ...twinConvert,
  ...twinBlocks,
  ...twinMatrix,
  crc32c: twinCrc32c,
  crc32cMismatch: twinCrc32cMismatch,
  topK: twinTopK,
};

const CRC32C_TWIN_BYTES = 96;

function choose(): Kernels {
  const found = addon();
  if (!found.ok) return PORTABLE;
  const n = found.addon;
  return {
    add: n.add,
    axpy: n.axpy,
    scale: n.scale,
    scaledDifference: n.scaledDifference,
    elastic: n.elastic,
    rebase: n.rebase,
    adagradApply: (delta, sum, center, { gamma, epsilon }) => n.adagradApply(delta, sum, center, gamma, epsilon),
    sgdStep: n.sgdStep,
    momentumStep: (x, g, v, { lr, momentum, nesterov }) => n.momentumStep(x, g, v, lr, momentum, nesterov),
    adagradStep: (x, g, a, { lr, epsilon }) => n.adagradStep(x, g, a, lr, epsilon),
    rmspropStep: (x, g, v, { lr, rho, epsilon }) => n.rmspropStep(x, g, v, lr, rho, epsilon),
    adamStep: (x, g, { m, v }, o) => n.adamStep(x, g, m, v, o.lr, o.beta1, o.beta2, o.epsilon, o.weightDecay, o.step),
    toHalf: n.toHalf,
    fromHalf: n.fromHalf,
    toBfloat: n.toBfloat,
    fromBfloat: n.fromBfloat,
    clip: n.clip,
    int8EncodeBlocks: n.int8EncodeBlocks,
    int8DecodeBlocks: n.int8DecodeBlocks,
    oneBitEncodeBlocks: n.oneBitEncodeBlocks,
    oneBitDecodeBlocks: n.oneBitDecodeBlocks,
    topK: n.topK,
    matrixProduct: (a, b, c, { rows, columns, depth, transposeA = false, transposeB = false }) =>
      n.matrixProduct(a, b, c, rows, columns, depth, transposeA, transposeB),
    orthonormalize: n.orthonormalize,
    // Exact either way. Below this length the call into the addon takes longer than the twin.
    crc32c: (bytes, previous = 0, start = 0, end = bytes.length) =>
      end - start < CRC32C_TWIN_BYTES ? twinCrc32c(bytes, previous, start, end) : n.crc32c(bytes, previous, start, end),
    crc32cMismatch: n.crc32cMismatch,
  };
}

/** The kernels in use. */
export const KERNELS: Kernels = choose();

export const {
  add,
  axpy,
  scale,
  scaledDifference,
  elastic,
  rebase,
  adagradApply,
  sgdStep,
  momentumStep,
  adagradStep,
  rmspropStep,
  adamStep,
  toHalf,
  fromHalf,
  toBfloat,
  fromBfloat,
  crc32c,
  crc32cMismatch,
  clip,
  int8EncodeBlocks,
  int8DecodeBlocks,
  oneBitEncodeBlocks,
  oneBitDecodeBlocks,
  topK,
  matrixProduct,
  orthonormalize,
} = KERNELS;
