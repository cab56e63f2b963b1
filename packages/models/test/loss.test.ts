import { describe, expect, it } from 'vitest';
import { applyHead, chooseLoss, lossPerSample } from '../src/loss.js';
import { tf } from '../src/tf.js';

const logits = tf.tensor2d([1, 2, 0, -1], [2, 2]);
const targets = tf.tensor2d([0, 1, 1, 0], [2, 2]);
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

describe('chooseLoss', () => {
  it('takes the loss of the head, and refuses what does not fit', () => {
    expect(chooseLoss('softmax')).toBe('categorical-crossentropy');
    expect(chooseLoss('sigmoid')).toBe('binary-crossentropy');
    expect(chooseLoss('linear')).toBe('mean-squared-error');
    expect(chooseLoss('softmax', 'mean-squared-error')).toBe('mean-squared-error');
    expect(chooseLoss('linear', 'categorical-crossentropy')).toBe('categorical-crossentropy');
    expect(() => chooseLoss('sigmoid', 'categorical-crossentropy')).toThrow(/binary-crossentropy fits a sigmoid head/);
    expect(() => chooseLoss('linear', 'hinge' as 'mean-squared-error')).toThrow(/got hinge/);
  });
});

describe('lossPerSample', () => {
  it('is what the formulas say', () => {
    const categorical = lossPerSample('categorical-crossentropy', 'softmax', logits, targets).dataSync();
    expect(categorical[0]).toBeCloseTo(-Math.log(sigmoid(1)), 6);
    expect(categorical[1]).toBeCloseTo(-Math.log(sigmoid(1)), 6);
    const binary = lossPerSample('binary-crossentropy', 'sigmoid', logits, targets).dataSync();
    expect(binary[0]).toBeCloseTo((-Math.log(1 - sigmoid(1)) - Math.log(sigmoid(2))) / 2, 6);
    const squared = lossPerSample('mean-squared-error', 'linear', logits, targets).dataSync();
    expect([...squared]).toEqual([1, 1]);
    const outputs = lossPerSample('mean-squared-error', 'sigmoid', logits, targets).dataSync();
    expect(outputs[0]).toBeCloseTo((sigmoid(1) ** 2 + (1 - sigmoid(2)) ** 2) / 2, 6);
  });

  it('stays finite and exact where probabilities would round to 0 and 1', () => {
    const far = tf.tensor2d([200, -200], [1, 2]);
    const wrong = tf.tensor2d([0, 1], [1, 2]);
    expect(lossPerSample('categorical-crossentropy', 'softmax', far, wrong).dataSync()[0]).toBe(400);
    expect(lossPerSample('binary-crossentropy', 'sigmoid', far, wrong).dataSync()[0]).toBe(200);
    const gradient = tf.grad((z) => tf.sum(lossPerSample('binary-crossentropy', 'sigmoid', z as tf.Tensor2D, wrong)))(
      tf.zeros([1, 2]),
    );
    expect([...gradient.dataSync()]).toEqual([0.25, -0.25]);
  });
});

describe('applyHead', () => {
  it('turns logits into outputs', () => {
    expect(applyHead(logits, 'softmax').dataSync()[0]).toBeCloseTo(sigmoid(-1), 6);
    expect(applyHead(logits, 'sigmoid').dataSync()[0]).toBeCloseTo(sigmoid(1), 6);
    expect(applyHead(logits, 'linear')).toBe(logits);
  });
});
