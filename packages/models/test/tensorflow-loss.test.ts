import { expect, it } from 'vitest';
import { GraphBuilder } from '../src/tensorflow-graph.js';
import { writeHead, writeLoss } from '../src/tensorflow-loss.js';

it('each loss is written from logits, without a softmax of its own', () => {
  const ops = (loss: Parameters<typeof writeLoss>[1]['loss']) => {
    const graph = new GraphBuilder();
    writeLoss(graph, { loss, head: 'linear', logits: 'z', rows: 't', outputs: 3 });
    return graph.nodes.map(({ op }) => op);
  };
  expect(ops('categorical-crossentropy')).toContain('SoftmaxCrossEntropyWithLogits');
  expect(ops('categorical-crossentropy')).not.toContain('Softmax');
  expect(ops('binary-crossentropy')).toContain('Softplus');
  expect(ops('mean-squared-error')).toContain('Square');
});

it('a head is an op, or nothing', () => {
  const graph = new GraphBuilder();
  expect([writeHead(graph, 'z', 'softmax'), writeHead(graph, 'z', 'linear')]).toEqual(['Softmax', 'z']);
});
