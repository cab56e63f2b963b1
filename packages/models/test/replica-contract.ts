/** What every engine's replica must do. */
import { afterEach, expect, it } from 'vitest';
import {
  createModel,
  createReplica,
  modelFromJson,
  modelToJson,
  type Replica,
  type ReplicaOptions,
} from '../src/index.js';
import { tf } from '../src/tf.js';
import { noise, relativeError } from './oracle.js';

const l = tf.layers;
/**
 * Registers the tests in the describe that calls it.
 *
 * @param base which engine, and where it is found
 */
export function replicaContract(base: Pick<ReplicaOptions, 'engine' | 'tensorflowDir'>): void {
  const open: Replica[] = [];
  afterEach(() => {
    for (const replica of open.splice(0)) replica.dispose();
  });

  async function start(o: ReplicaOptions): Promise<Replica> {
    const replica = await createReplica({ ...base, ...o });
    open.push(replica);
    return replica;
  }

  const model = () => tf.sequential({ layers: [l.dense({ units: 2, activation: 'softmax', inputShape: [2] })] });
  /** kernel [[1, 0], [0, 1]], bias [0, 0]: logits are the inputs. */
  async function identity(o: Partial<ReplicaOptions> = {}): Promise<Replica> {
    const replica = await start({ model: model(), ...o });
    replica.parameters.set([1, 0, 0, 1, 0, 0]);
    return replica;
  }

  it('gives the loss and gradient of a batch computed by hand, from class indexes', async () => {
    const replica = await identity();
    // softmax(ln 3, 0) = (3/4, 1/4): losses −ln 3/4 and −ln 1/4 for classes 0 and 1.
    const inputs = Float32Array.of(Math.log(3), 0, Math.log(3), 0);
    const scores = await replica.gradient({ inputs, targets: Uint16Array.of(0, 1), size: 2 });
    expect(scores.loss).toBeCloseTo((-Math.log(3 / 4) - Math.log(1 / 4)) / 2, 6);
    expect(scores).toMatchObject({ correct: 1, size: 2 });
    // Bias: mean of p − t = ((−1/4, 1/4) + (3/4, −3/4)) / 2
    expect(replica.gradients[4]).toBeCloseTo(0.25, 6);
    expect(replica.gradients[5]).toBeCloseTo(-0.25, 6);
  });

  it('weighs samples: a mean over the batch of w_i loss_i', async () => {
    const replica = await identity();
    const inputs = Float32Array.of(Math.log(3), 0, Math.log(3), 0);
    const batch = { inputs, targets: Uint16Array.of(0, 1), weights: Float32Array.of(2, 0), size: 2 };
    expect((await replica.gradient(batch)).loss).toBeCloseTo(-Math.log(3 / 4), 6);
    expect(replica.gradients[4]).toBeCloseTo(-0.25, 6);
    expect((await replica.evaluate(batch)).loss).toBeCloseTo(-Math.log(3 / 4), 6);
  });

  it('normalises uint8 inputs, by 1/255 or as told', async () => {
    const inputs = Uint8Array.of(255, 0);
    const byDefault = await identity();
    const told = await identity({ normalization: { scale: 2, shift: -1 } });
    const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
    expect((await byDefault.predict({ inputs, size: 1 }))[0]).toBeCloseTo(sigmoid(1), 6);
    expect((await told.predict({ inputs: Uint8Array.of(1, 0), size: 1 }))[0]).toBeCloseTo(sigmoid(2), 6);
    expect((await told.predict({ inputs: Float32Array.of(1, 0), size: 1 }))[0]).toBeCloseTo(sigmoid(1), 6);
  });

  it('predicts as the model does, with the head applied', async () => {
    const cnn = createModel('cnn', { seed: 2, inputShape: [8, 8, 1], classes: 3 });
    const replica = await start({ model: cnn });
    const inputs = noise(2 * 64, 4);
    const expected = (cnn.predict(tf.tensor(inputs, [2, 8, 8, 1])) as tf.Tensor).dataSync();
    const got = await replica.predict({ inputs, size: 2 });
    expect(relativeError(got, expected)).toBeLessThan(1e-5);
  });

  it('keeps its answers right while buffers grow and calls queue up', async () => {
    const replica = await identity();
    const batches = [1, 4, 2].map((size) => ({ inputs: noise(size * 2, size), targets: new Uint16Array(size), size }));
    const queued = await Promise.all(batches.map((batch) => replica.evaluate(batch)));
    for (const [i, batch] of batches.entries()) expect(await replica.evaluate(batch)).toEqual(queued[i]);
  });

  it('leaves new moving statistics in state, and uses them in evaluation', async () => {
    const normalized = tf.sequential({
      layers: [l.batchNormalization({ inputShape: [1], momentum: 0.5 }), l.dense({ units: 1 })],
    });
    const replica = await start({ model: normalized });
    expect([...replica.state]).toEqual([0, 1]);
    const inputs = Float32Array.of(1, 5);
    await replica.gradient({ inputs, targets: Float32Array.of(0, 0), size: 2 });
    // Halfway from mean 0, variance 1 to mean 3, variance 4.
    expect([...replica.state]).toEqual([1.5, 2.5]);
    replica.state.set([2, 4]);
    replica.parameters.set([1, 0, 1, 0]);
    expect((await replica.predict({ inputs, size: 2 }))[1]).toBeCloseTo(1.5, 3);
    expect([...replica.state]).toEqual([2, 4]);
  });

  it('draws dropout from the seed, anew each step', async () => {
    const dropping = tf.sequential({
      layers: [l.dropout({ rate: 0.5, inputShape: [64] }), l.dense({ units: 2, activation: 'softmax' })],
    });
    const batch = { inputs: noise(64, 1), targets: Uint16Array.of(1), size: 1 };
    const losses = async (seed: number) => {
      const replica = await start({ model: dropping, seed });
      return [(await replica.gradient(batch)).loss, (await replica.gradient(batch)).loss];
    };
    const first = await losses(1);
    expect(first[0]).not.toBe(first[1]);
    expect(await losses(1)).toEqual(first);
    expect(await losses(2)).not.toEqual(first);
  });

  it('keeps the event loop free: timers fire during a step', async () => {
    const replica = await start({ model: createModel('mlp', { seed: 1 }) });
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await replica.gradient({ inputs: new Uint8Array(256 * 784).fill(9), targets: new Uint16Array(256), size: 256 });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(0);
  });

  it('refuses batches that do not fit', async () => {
    const replica = await identity();
    const inputs = new Float32Array(4);
    const size = 2;
    await expect(replica.gradient({ inputs, targets: Uint16Array.of(0, 2), size })).rejects.toThrow(
      /below 2 expected, got 2 in sample 1/,
    );
    await expect(replica.evaluate({ inputs, targets: Uint16Array.of(0), size })).rejects.toMatchObject({
      code: 'bad-batch',
    });
    await expect(replica.predict({ inputs, size: 3 })).rejects.toThrow(/3 × 2 inputs expected, got 4/);
  });

  it('says at which step the loss is not finite, and goes on', async () => {
    const replica = await identity();
    const good = { inputs: Float32Array.of(1, 0), targets: Uint16Array.of(0), size: 1 };
    await replica.gradient(good);
    const bad = { ...good, inputs: Float32Array.of(Number.NaN, 0) };
    await expect(replica.gradient(bad)).rejects.toMatchObject({
      code: 'not-finite',
      message: /^step 2: a finite loss expected, got NaN/,
    });
    await expect(replica.gradient(good)).resolves.toMatchObject({ correct: 1 });
  });

  it('rejects what is pending and what follows once disposed', async () => {
    const replica = await identity();
    const batch = { inputs: new Float32Array(2), size: 1 };
    const pending = replica.predict(batch);
    replica.dispose();
    replica.dispose();
    await expect(pending).rejects.toMatchObject({ code: 'disposed' });
    await expect(replica.predict(batch)).rejects.toMatchObject({ code: 'disposed' });
  });

  it('takes topology JSON as well as a model, whose weights it copies', async () => {
    const given = createModel('cnn', { seed: 3, inputShape: [6, 6, 1], classes: 2 });
    const json = modelToJson(given);
    const [fromModel, fromJson] = [await start({ model: given }), await start({ model: json })];
    expect(fromJson.parameters).toEqual(fromModel.parameters);
    expect(fromModel.layout.map((range) => range.name)).toEqual(fromJson.layout.map((range) => range.name));
    expect(modelFromJson(json).countParams()).toBe(fromModel.parameters.length);
  });
}
