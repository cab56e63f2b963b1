import { addon } from '@weft/native';
import { describe, expect, it } from 'vitest';
import { compilePlan } from '../src/native-plan.js';
import { tf } from '../src/tf.js';
import { modelToJson } from '../src/topology.js';
import { expectEqual, expectSlopes } from './native-oracle.js';

const L = tf.layers;
type Layer = tf.layers.Layer;

/** input → layers → dense softmax of 4 classes. */
function classifier(inputShape: number[], ...layers: Layer[]): tf.LayersModel {
  const model = tf.sequential({ layers: [L.inputLayer({ inputShape }), ...layers] });
  if (model.outputs[0]!.shape.length > 2) model.add(L.flatten());
  model.add(L.dense({ units: 4, activation: 'softmax' }));
  return model;
}
const conv = (filters: number, kernelSize: number, o: object = {}) => L.conv2d({ filters, kernelSize, ...o });

// The kernels need a compiler: where there is none, `auto` falls to tfjs, which has tests of its own.
describe.runIf(addon().ok)('layers of the native engine against tfjs', () => {
  const models: Record<string, () => tf.LayersModel> = {
    'dense, relu': () => classifier([7], L.dense({ units: 19, activation: 'relu' })),
    'dense, no bias, tanh': () => classifier([7], L.dense({ units: 5, useBias: false, activation: 'tanh' })),
    'dense over pixels': () => classifier([3, 2, 5], L.dense({ units: 6, activation: 'elu' })),
    'first convolution, valid': () => classifier([9, 8, 1], conv(32, 3, { activation: 'relu' })),
    'first convolution, same, stride 2, 5×5, no bias': () =>
      classifier([9, 8, 3], conv(16, 5, { padding: 'same', strides: 2, useBias: false })),
    'Winograd, valid, relu': () => classifier([10, 12, 1], conv(16, 3), conv(32, 3, { activation: 'relu' })),
    'Winograd, same, borders that are no whole tiles': () =>
      classifier(
        [7, 9, 1],
        conv(48, 3),
        conv(16, 3, { padding: 'same' }),
        conv(16, 3, { padding: 'same', activation: 'relu' }),
      ),
    'Winograd with the pool, relu': () =>
      classifier([12, 10, 1], conv(32, 3), conv(32, 3, { activation: 'relu' }), L.maxPooling2d({ poolSize: 2 })),
    'Winograd with the pool, odd size, no relu': () =>
      classifier([11, 13, 1], conv(16, 3), conv(16, 3), L.maxPooling2d({ poolSize: 2 })),
    // 42 tiles of 32 + 32 channels are two blocks.
    'Winograd, several blocks': () =>
      classifier(
        [28, 24, 1],
        conv(32, 1),
        conv(32, 3, { padding: 'same', activation: 'relu' }),
        L.globalAveragePooling2d({}),
      ),
    'oneDNN convolution, stride, same': () =>
      classifier(
        [9, 8, 2],
        conv(6, 3, { activation: 'relu' }),
        conv(7, 3, { strides: [2, 1], padding: 'same', activation: 'relu' }),
      ),
    'oneDNN convolution, 1×1': () => classifier([5, 5, 2], conv(16, 3), conv(16, 1, { activation: 'sigmoid' })),
    'depthwise, multiplier 2': () =>
      classifier(
        [8, 9, 3],
        conv(6, 3),
        L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same', activation: 'relu' }),
      ),
    'max pool, overlapping, same': () =>
      classifier([9, 9, 2], conv(5, 3), L.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
    'average pool': () => classifier([9, 8, 2], conv(5, 3), L.averagePooling2d({ poolSize: 3, strides: 2 })),
    'global average pool': () => classifier([9, 8, 2], conv(5, 3), L.globalAveragePooling2d({})),
    'batch normalisation, images': () =>
      classifier([6, 6, 2], conv(5, 3, { useBias: false }), L.batchNormalization({ momentum: 0.8 }), L.reLU()),
    'batch normalisation, vectors': () =>
      classifier([7], L.dense({ units: 6, useBias: false }), L.batchNormalization()),
    'relu6, elu, softmax inside': () =>
      classifier(
        [7],
        L.dense({ units: 9, activation: 'relu6' }),
        L.elu(),
        L.softmax(),
        L.activation({ activation: 'tanh' }),
      ),
    reshape: () => classifier([24], L.dense({ units: 18 }), L.reshape({ targetShape: [3, 3, 2] }), conv(16, 3)),
    'dropout of nothing': () => classifier([7], L.dense({ units: 9 }), L.dropout({ rate: 0 })),
    regularisers: () =>
      classifier(
        [6, 6, 1],
        conv(16, 3, { kernelRegularizer: 'l1l2' }),
        L.dense({
          units: 5,
          kernelRegularizer: tf.regularizers.l2({ l2: 0.1 }),
          biasRegularizer: tf.regularizers.l1({ l1: 0.2 }),
        }),
      ),
    'frozen layers': () =>
      classifier(
        [8, 8, 1],
        conv(16, 3),
        conv(16, 3, { trainable: false, activation: 'relu' }),
        L.dense({ units: 5, trainable: false }),
      ),
    'a nested model': () =>
      classifier([8, 8, 1], conv(4, 3), tf.sequential({ layers: [conv(16, 3, { inputShape: [6, 6, 4] }), L.reLU()] })),
    'a small residual network': () => {
      const input = tf.input({ shape: [10, 10, 3] });
      const stem = conv(16, 3, { padding: 'same', activation: 'relu' }).apply(input) as tf.SymbolicTensor;
      const block = (x: tf.SymbolicTensor) => {
        let y = L.batchNormalization().apply(
          conv(16, 3, { padding: 'same', useBias: false }).apply(x),
        ) as tf.SymbolicTensor;
        y = conv(16, 3, { padding: 'same' }).apply(L.activation({ activation: 'relu' }).apply(y)) as tf.SymbolicTensor;
        return L.add().apply([x, y]) as tf.SymbolicTensor;
      };
      const joined = L.concatenate().apply([block(block(stem)), stem]) as tf.SymbolicTensor;
      const head = L.dense({ units: 4, activation: 'softmax' }).apply(L.globalAveragePooling2d({}).apply(joined));
      return tf.model({ inputs: input, outputs: head as tf.SymbolicTensor });
    },
  };
  for (const [name, make] of Object.entries(models)) {
    const size = name.includes('blocks') ? 2 : 5;
    for (const threads of [1, 2])
      it(`${name}, ${threads} thread(s)`, () => expectEqual(make(), { threads, size }), 30_000);
  }

  // tfjs has no gradient for a dilated convolution, and a wrong one for an average that leaves padding out.
  it('gradients that tfjs lacks, against finite differences: dilation, average pool of padding', async () => {
    await expectSlopes(
      classifier([9, 9, 2], conv(3, 3, { dilationRate: 2, activation: 'tanh' }), conv(2, 3, { dilationRate: [1, 2] })),
    );
    await expectSlopes(
      classifier([5, 6, 2], conv(3, 3), L.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
    );
  });

  it('losses: rows, weights, bytes, binary cross-entropy, mean squared error behind every head', async () => {
    const head = (units: number, activation: 'softmax' | 'sigmoid' | 'linear') =>
      tf.sequential({
        layers: [L.dense({ inputShape: [6], units: 8, activation: 'relu' }), L.dense({ units, activation })],
      });
    await expectEqual(head(4, 'softmax'), { rows: true, weights: true });
    await expectEqual(head(4, 'softmax'), { bytes: true, weights: true });
    await expectEqual(head(3, 'sigmoid'), { rows: true, weights: true });
    await expectEqual(head(1, 'sigmoid'));
    await expectEqual(head(3, 'linear'), { rows: true });
    await expectEqual(head(1, 'linear'), { rows: true });
    await expectEqual(head(3, 'linear'), { loss: 'categorical-crossentropy' });
    await expectEqual(head(3, 'softmax'), { loss: 'mean-squared-error' });
    await expectEqual(head(3, 'sigmoid'), { loss: 'mean-squared-error', rows: true });
  });

  it('names the layer that it does not know', () => {
    const o = { loss: 'categorical-crossentropy', normalization: { scale: 1, shift: 0 }, seed: 0, threads: 1 } as const;
    const plan = (...layers: Layer[]) => {
      const model = classifier([6, 6, 2], ...layers);
      return () => compilePlan(modelToJson(model), o);
    };
    expect(plan(L.zeroPadding2d({ name: 'pad' }))).toThrow('layer pad: ZeroPadding2D is unknown to the native engine');
    expect(plan(L.conv2d({ name: 'c', filters: 2, kernelSize: 3, activation: 'selu' }))).toThrow(
      'layer c: one of the activations',
    );
    expect(plan(L.batchNormalization({ name: 'b', axis: 1 }))).toThrow(
      'layer b: the last axis expected by the native engine, got axis 1',
    );
  });
});
