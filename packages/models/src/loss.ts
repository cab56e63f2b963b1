/** Losses from logits, and what fits which head. */
import { ModelError } from './errors.js';
import type { Head } from './head.js';
import { tf } from './tf.js';

/** Names of the losses. */
export type LossName = 'categorical-crossentropy' | 'binary-crossentropy' | 'mean-squared-error';

const DEFAULTS: Readonly<Record<Head, LossName>> = {
  softmax: 'categorical-crossentropy',
  sigmoid: 'binary-crossentropy',
  linear: 'mean-squared-error',
};

/**
 * The loss of a model: the one asked for, or the head's own. With cross-entropy a linear head is taken for logits.
 *
 * @throws ModelError `unsupported` when loss and head do not fit, `bad-argument` for an unknown loss
 * @example chooseLoss('softmax') // 'categorical-crossentropy'
 */
export function chooseLoss(head: Head, loss: LossName = DEFAULTS[head]): LossName {
  const known = Object.values(DEFAULTS);
  if (!known.includes(loss)) {
    throw new ModelError('bad-argument', `loss: one of ${known.join(', ')} expected, got ${String(loss)}`);
  }
  const fits = head === 'linear' || loss === 'mean-squared-error' || loss === DEFAULTS[head];
  if (!fits) throw new ModelError('unsupported', `loss: ${DEFAULTS[head]} fits a ${head} head, got ${loss}`);
  return loss;
}

/** Outputs of a model from its logits. */
export function applyHead<T extends tf.Tensor>(logits: T, head: Head): T {
  if (head === 'softmax') return tf.softmax(logits);
  return head === 'sigmoid' ? tf.sigmoid(logits) : logits;
}

/**
 * Loss of each sample, shape [size].
 *
 * - categorical cross-entropy: −Σ_k t_k log softmax(z)_k
 * - binary cross-entropy: mean_k (softplus(z_k) − t_k z_k), which is −t log σ(z) − (1 − t) log(1 − σ(z)) without the overflow
 * - mean squared error: mean_k (y_k − t_k)², y the outputs after the head
 *
 * @param logits z, [size, outputs]
 * @param targets t, [size, outputs]
 */
export function lossPerSample(loss: LossName, head: Head, logits: tf.Tensor2D, targets: tf.Tensor2D): tf.Tensor1D {
  switch (loss) {
    case 'categorical-crossentropy':
      return tf.neg(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1));
    case 'binary-crossentropy':
      return tf.mean(tf.sub(tf.softplus(logits), tf.mul(targets, logits)), 1);
    case 'mean-squared-error':
      return tf.mean(tf.squaredDifference(applyHead(logits, head), targets), 1);
  }
}
