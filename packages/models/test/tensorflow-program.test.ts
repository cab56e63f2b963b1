import { describe, expect, it } from 'vitest';
import { createModel, describeModel, layoutOf, modelToJson, stateLayoutOf } from '../src/index.js';
import { decodeSavedModel, encodeSavedModel } from '../src/saved-model-proto.js';
import { writeProgram } from '../src/tensorflow-program.js';
import { tf } from '../src/tf.js';

const l = tf.layers;

function program(model: tf.LayersModel) {
  const { inputShape, features, outputs } = describeModel(model);
  return writeProgram({
    topology: modelToJson(model),
    layout: layoutOf(model),
    stateLayout: stateLayoutOf(model),
    inputShape,
    shape: { features, outputs },
    loss: 'categorical-crossentropy',
    normalization: { scale: 1 / 255, shift: 0 },
  });
}

describe('writeProgram', () => {
  it('takes flat parameters and a batch of any size, and gives the loss and a flat gradient', () => {
    const { signatures } = program(createModel('cnn', { seed: 1 }));
    expect(Object.keys(signatures)).toHaveLength(10);
    const train = signatures['train/floats/labels']!;
    const shapes = (ports: typeof train.inputs) =>
      Object.fromEntries(
        Object.entries(ports).map(([key, { tensorShape }]) => [key, tensorShape.dim.map(({ size }) => size)]),
      );
    expect(shapes(train.inputs)).toEqual({
      parameters: [1_048_853],
      size: [],
      inputs: [-1, 28, 28, 1],
      targets: [-1],
      weights: [-1],
    });
    expect(shapes(train.outputs)).toEqual({ loss: [], correct: [], gradients: [1_048_853] });
    expect(shapes(signatures['predict/bytes']!.outputs)).toEqual({ outputs: [-1, 10] });
  });

  it('refers only to nodes that it has written before, and survives the file', () => {
    const { nodes, signatures } = program(
      tf.sequential({
        layers: [
          l.conv2d({ filters: 2, kernelSize: 3, inputShape: [5, 5, 3] }),
          l.batchNormalization(),
          l.dropout({ rate: 0.5 }),
          l.flatten(),
          l.dense({ units: 2 }),
        ],
      }),
    );
    const seen = new Set<string>();
    for (const { name, input } of nodes) {
      for (const ref of input) expect(seen).toContain(ref.split(':')[0]);
      seen.add(name);
    }
    expect(seen.size).toBe(nodes.length);
    for (const { inputs, outputs } of Object.values(signatures)) {
      for (const { name } of [...Object.values(inputs), ...Object.values(outputs)])
        expect(seen).toContain(name.split(':')[0]);
    }
    expect(signatures['train/bytes/rows']?.inputs).toHaveProperty('seed');
    expect(signatures['evaluate/bytes/rows']?.inputs).not.toHaveProperty('seed');
    expect(signatures['train/bytes/rows']?.outputs['state']?.tensorShape.dim).toEqual([{ size: 4 }]);
    const decoded = decodeSavedModel(encodeSavedModel({ nodes, signatures }));
    expect(decoded.nodes.map(({ name, op, input }) => ({ name, op, input }))).toEqual(
      nodes.map(({ name, op, input }) => ({ name, op, input })),
    );
    expect(Object.keys(decoded.signatures)).toEqual(Object.keys(signatures));
  });

  it('wants something to train', () => {
    const model = tf.sequential({ layers: [l.flatten({ inputShape: [2, 1] })] });
    expect(() => program(model)).toThrow('model: trainable weights expected, it has none');
  });
});
