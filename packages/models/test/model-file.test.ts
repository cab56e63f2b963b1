import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createModel, getParameters, getState, loadModel, saveModel } from '../src/index.js';
import { tf } from '../src/tf.js';
import { noise } from './oracle.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weft-models-'));
});
afterEach(() => rm(dir, { recursive: true }));

const small = () => createModel('cnn', { seed: 4, inputShape: [8, 8, 1], classes: 3 });

function outputs(model: tf.LayersModel): Float32Array {
  return (model.predict(tf.tensor(noise(64, 1), [1, 8, 8, 1])) as tf.Tensor).dataSync() as Float32Array;
}

describe('saveModel', () => {
  it('writes what tf.loadLayersModel opens: same weights, same outputs', async () => {
    const model = small();
    await saveModel(model, join(dir, 'deep', 'er'));
    const server = createServer((request, response) => {
      readFile(join(dir, request.url ?? '')).then(
        (bytes) => response.end(bytes),
        () => response.destroy(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const loaded = await tf.loadLayersModel(`http://127.0.0.1:${port}/deep/er/model.json`);
    server.closeAllConnections();
    server.close();
    expect(getParameters(loaded)).toEqual(getParameters(model));
    expect(outputs(loaded)).toEqual(outputs(model));
  });
});

describe('loadModel', () => {
  it('reads what saveModel wrote, state included', async () => {
    const model = tf.sequential({
      layers: [tf.layers.batchNormalization({ inputShape: [2] }), tf.layers.dense({ units: 1 })],
    });
    await saveModel(model, dir);
    const loaded = await loadModel(join(dir, 'model.json'));
    expect(getParameters(loaded)).toEqual(getParameters(model));
    expect([...getState(loaded)]).toEqual([0, 0, 1, 1]);
  });

  it('decodes weights in several quantised files', async () => {
    await saveModel(tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2], name: 'd' })] }), dir);
    const path = join(dir, 'model.json');
    const json = JSON.parse(await readFile(path, 'utf8'));
    const quantization = { dtype: 'uint8', scale: 0.5, min: -1 };
    const specs = [
      { name: 'd/kernel', shape: [2, 2], dtype: 'float32', quantization },
      { name: 'd/bias', shape: [2], dtype: 'float32' },
    ];
    json.weightsManifest = [{ paths: ['a', 'b'], weights: specs }];
    await writeFile(join(dir, 'a'), Uint8Array.of(0, 1, 2, 3, 0, 0));
    await writeFile(join(dir, 'b'), Uint8Array.of(128, 63, 0, 0, 0, 64));
    await writeFile(path, JSON.stringify(json));
    expect([...getParameters(await loadModel(path))]).toEqual([-1, -0.5, 0, 0.5, 1, 2]);
  });

  it('says in one line, naming the file, what is wrong', async () => {
    const path = join(dir, 'model.json');
    const problem = async () =>
      loadModel(path).then(
        () => 'none',
        (error: Error) => error.message,
      );
    expect(await problem()).toBe(`${path}: no such file`);
    await writeFile(path, '{ nonsense');
    expect(await problem()).toMatch(/model\.json: JSON expected, .+$/);
    await writeFile(path, '{"format":"graph-model"}');
    expect(await problem()).toBe(`${path}: a layers-model expected, got a graph-model, which has no layers to train`);
    await writeFile(path, 'null');
    expect(await problem()).toBe(`${path}: a model.json with modelTopology expected`);

    await saveModel(small(), dir);
    const good = await readFile(path, 'utf8');
    await writeFile(path, JSON.stringify({ ...JSON.parse(good), weightsManifest: undefined }));
    expect(await problem()).toBe(`${path}: a weightsManifest expected, the model has no weights`);
    await writeFile(path, good.replace('"Flatten"', '"Origami"'));
    expect(await problem()).toMatch(/^\S+model\.json: Unknown layer: Origami[^\n]*$/);
    await writeFile(path, good);
    const weights = await readFile(join(dir, 'weights.bin'));
    await writeFile(join(dir, 'weights.bin'), weights.subarray(1));
    expect(await problem()).toBe(
      `${join(dir, 'weights.bin')}: ${weights.length} bytes of weights expected, got ${weights.length - 1}`,
    );
    await rm(join(dir, 'weights.bin'));
    expect(await problem()).toBe(`${join(dir, 'weights.bin')}: no such file`);
  });
});
