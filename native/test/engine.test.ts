import { describe, expect, it } from 'vitest';
import { Engine, type EngineBatch } from '../lib/engine.js';
import { NativeError } from '../lib/errors.js';
import { addon } from '../lib/native.js';
import type { EngineOp, EnginePlan } from '../lib/plan.js';

const dense = (output: number, kernel: number, bias: number, o: Partial<EngineOp> = {}): EngineOp => ({
  kind: 'dense',
  name: `d${output}`,
  inputs: [output - 1],
  output,
  kernel,
  bias,
  ...o,
});

/** 6 → 40 relu → 5 classes. */
function plan(o: Partial<EnginePlan> = {}): EnginePlan {
  return {
    tensors: [{ channels: 6 }, { channels: 40 }, { channels: 5 }],
    input: 0,
    output: 2,
    ops: [dense(1, 0, 240, { activation: 'relu' }), dense(2, 280, 480)],
    regularizers: [],
    parameters: 485,
    state: 0,
    loss: 'softmaxCrossEntropy',
    head: 'softmax',
    ...o,
  };
}

/** Convolutions that take every path, dropout and a pool: threads and seeds matter here. */
function imagePlan(o: Partial<EnginePlan> = {}): EnginePlan {
  const conv = { kind: 'convolution', activation: 'relu', kernelHeight: 3, kernelWidth: 3 } as const;
  return {
    tensors: [
      { height: 12, width: 12, channels: 1 },
      { height: 10, width: 10, channels: 16 },
      { height: 8, width: 8, channels: 16 },
      { height: 4, width: 4, channels: 16 },
      { height: 2, width: 2, channels: 7 },
      { channels: 28 },
      { channels: 28 },
      { channels: 5 },
    ],
    input: 0,
    output: 7,
    ops: [
      { ...conv, name: 'direct', inputs: [0], output: 1, kernel: 0, bias: 144 },
      { ...conv, name: 'winograd', inputs: [1], output: 2, kernel: 160, bias: 2464 },
      {
        kind: 'maxPool',
        name: 'pool',
        inputs: [2],
        output: 3,
        kernelHeight: 2,
        kernelWidth: 2,
        strideHeight: 2,
        strideWidth: 2,
      },
      { ...conv, name: 'onednn', inputs: [3], output: 4, kernel: 2480, bias: 3488 },
      { kind: 'reshape', name: 'flatten', inputs: [4], output: 5 },
      { kind: 'dropout', name: 'dropout', inputs: [5], output: 6, rate: 0.3 },
      dense(7, 3495, 3635),
    ],
    regularizers: [],
    parameters: 3640,
    state: 0,
    loss: 'softmaxCrossEntropy',
    head: 'softmax',
    ...o,
  };
}

function batch(size: number, features: number): EngineBatch {
  const inputs = Float32Array.from({ length: size * features }, (_, i) => Math.sin(i * 1.7));
  return { inputs, targets: Uint16Array.from({ length: size }, (_, i) => i % 5), size };
}

function start(p: EnginePlan): Engine {
  const engine = new Engine(p);
  engine.parameters.forEach((_, i, x) => {
    x[i] = 0.3 * Math.sin(i * 0.37);
  });
  return engine;
}

describe.runIf(addon().ok)('Engine', () => {
  it('gradient and loss of one sample by hand', async () => {
    const engine = new Engine(
      plan({ tensors: [{ channels: 2 }, { channels: 3 }], output: 1, ops: [dense(1, 0, 6)], parameters: 9 }),
    );
    const scores = await engine.gradient({ inputs: Float32Array.of(1, 2), targets: Uint16Array.of(2), size: 1 });
    expect(scores).toEqual({ loss: expect.closeTo(Math.log(3), 6), correct: 0, size: 1 });
    const third = expect.closeTo(1 / 3, 6);
    expect([...engine.gradients]).toEqual([
      third,
      third,
      expect.closeTo(-2 / 3, 6),
      ...[2, 2].map((n) => expect.closeTo(n / 3, 6)),
      expect.closeTo(-4 / 3, 6),
      third,
      third,
      expect.closeTo(-2 / 3, 6),
    ]);
    engine.dispose();
  });

  it('a fused SGD step is the gradient and then the step', async () => {
    for (const make of [plan, imagePlan]) {
      const [a, b] = [start(make()), start(make())];
      const data = batch(9, make === plan ? 6 : 144);
      await a.gradient(data);
      await b.step(data, { kind: 'sgd', learningRate: 0.1 });
      for (let i = 0; i < a.parameters.length; i++) {
        expect(b.parameters[i]).toBeCloseTo(a.parameters[i]! - 0.1 * a.gradients[i]!, 5);
      }
      a.dispose();
      b.dispose();
    }
  });

  it('every optimizer lowers the loss', async () => {
    const optimizers = [
      { kind: 'momentum', learningRate: 0.05, momentum: 0.9, nesterov: true },
      { kind: 'adagrad', learningRate: 0.05, epsilon: 1e-7 },
      { kind: 'rmsprop', learningRate: 0.005, rho: 0.9, epsilon: 1e-7 },
      { kind: 'adam', learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, weightDecay: 0 },
    ] as const;
    for (const optimizer of optimizers) {
      const engine = start(plan());
      const data = batch(20, 6);
      const { loss } = await engine.evaluate(data);
      for (let i = 0; i < 20; i++) await engine.step(data, optimizer);
      expect((await engine.evaluate(data)).loss).toBeLessThan(loss / 1.3);
      engine.dispose();
    }
  });

  it('same seed and threads: the same bits; another seed: others', async () => {
    const run = async (o: Partial<EnginePlan>) => {
      const engine = start(imagePlan(o));
      for (let i = 0; i < 5; i++) await engine.step(batch(13, 144), { kind: 'sgd', learningRate: 0.1 });
      engine.dispose();
      return engine.parameters.slice();
    };
    for (const threads of [1, 2]) {
      const first = await run({ threads, seed: 1 });
      expect(await run({ threads, seed: 1 })).toEqual(first);
      expect(await run({ threads, seed: 2 })).not.toEqual(first);
    }
  });

  it('dropout keeps the mean, drops its share, and only while training', async () => {
    const engine = new Engine(
      plan({
        tensors: [{ channels: 1 }, { channels: 1000 }, { channels: 1000 }, { channels: 1 }],
        output: 3,
        ops: [
          dense(1, 0, 1000),
          { kind: 'dropout', name: 'drop', inputs: [1], output: 2, rate: 0.25 },
          dense(3, 2000, 3000),
        ],
        parameters: 3001,
        loss: 'meanSquaredError',
        head: 'linear',
      }),
    );
    engine.parameters.fill(1, 0, 1000);
    const data = { inputs: Float32Array.of(1), targets: Float32Array.of(1), size: 1 };
    await engine.gradient(data);
    // The kernel behind the dropout is 0, so that its gradient is −2 · (what came through).
    const through = engine.gradients.subarray(2000, 3000).map((g) => g / -2);
    expect(new Set(through)).toEqual(new Set([0, Math.fround(4 / 3)]));
    const kept = through.filter((v) => v > 0).length;
    expect(Math.abs(kept - 750)).toBeLessThan(60);
    engine.parameters.fill(0.001, 2000, 3000);
    expect((await engine.predict(data))[0]).toBeCloseTo(1, 4);
    engine.dispose();
  });

  it('the event loop stays free while a step runs', async () => {
    const wide = plan({
      tensors: [{ channels: 2000 }, { channels: 2000 }, { channels: 5 }],
      ops: [dense(1, 0, 4_000_000), dense(2, 4_002_000, 4_012_000)],
      parameters: 4_012_005,
    });
    const engine = start(wide);
    let done = false;
    let turns = 0;
    const step = engine.gradient(batch(256, 2000)).then(() => {
      done = true;
    });
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      turns++;
    }
    await step;
    expect(turns).toBeGreaterThan(10);
    engine.dispose();
  });

  it('bad batches are errors that say what was expected', async () => {
    const engine = start(plan());
    const good = batch(4, 6);
    const fails = (b: EngineBatch) => expect(engine.gradient(b)).rejects;
    await fails({ ...good, size: 0 }).toThrow('batch: a size from 1 to');
    await fails({ ...good, inputs: new Float32Array(23) }).toThrow('batch: inputs of 24 values expected, got 23');
    await fails({ ...good, targets: new Uint16Array(3) }).toThrow('batch: targets of 4 values expected, got 3');
    await fails({ ...good, targets: Uint16Array.of(0, 1, 5, 2) }).toThrow('class 5 of sample 2 is unknown');
    await fails({ ...good, weights: new Float32Array(3) }).toThrow('batch: weights of 4 values expected, got 3');
    const detached = batch(4, 6);
    structuredClone(detached.inputs, { transfer: [detached.inputs.buffer as ArrayBuffer] });
    await fails(detached).toThrow('got 0 (a detached buffer?)');
    engine.dispose();
  });

  it('a batch may be written or detached as soon as the call has been made', async () => {
    const engine = start(plan());
    const data = batch(4, 6);
    const { loss } = await engine.evaluate(data);
    const pending = engine.evaluate(data);
    structuredClone(data.inputs, { transfer: [data.inputs.buffer as ArrayBuffer] });
    expect((await pending).loss).toBe(loss);
    engine.dispose();
  });

  it('its vectors cannot be detached', async () => {
    const engine = start(plan());
    const copy = structuredClone(engine.parameters, { transfer: [engine.parameters.buffer as ArrayBuffer] });
    expect(engine.parameters.length).toBe(485);
    expect(copy).toEqual(engine.parameters);
    engine.dispose();
  });

  it('a loss that is not finite is an error and leaves the parameters as they were', async () => {
    const engine = start(plan());
    engine.parameters[3] = Number.NaN;
    const before = engine.parameters.slice();
    const step = engine.step(batch(4, 6), { kind: 'sgd', learningRate: 0.1 });
    await expect(step).rejects.toMatchObject({ code: 'not-finite' });
    expect(engine.parameters).toEqual(before);
    engine.dispose();
  });

  it('use after dispose is an error; what was pending is answered', async () => {
    const engine = start(plan());
    const pending = engine.gradient(batch(4, 6));
    engine.dispose();
    engine.dispose();
    expect((await pending).size).toBe(4);
    await expect(engine.gradient(batch(4, 6))).rejects.toMatchObject({ code: 'disposed' });
    expect(() => engine.profile()).toThrow(NativeError);
    expect(engine.parameters.length).toBe(485);
  });

  it('plans that contradict themselves are errors', () => {
    const bad = (o: object) => expect(() => new Engine({ ...plan(), ...o } as EnginePlan));
    bad({ ops: [dense(1, 0, 240), dense(2, 480, 480)] }).toThrow('plan: a kernel for d2');
    bad({ ops: [dense(2, 0, 240)] }).toThrow('before it is made');
    bad({ ops: [{ ...dense(1, 0, 240), kind: 'nothing' }] }).toThrow("plan: an unknown kind 'nothing'");
    bad({ threads: 0 }).toThrow('plan: threads from 1 to');
    bad({ output: 7 }).toThrow('input and output');
    const conv = { kind: 'convolution', name: 'c', inputs: [0], output: 1, kernel: 0, kernelHeight: 3, kernelWidth: 3 };
    bad({
      tensors: [
        { height: 5, width: 5, channels: 1 },
        { height: 9, width: 9, channels: 1 },
      ],
      output: 1,
      ops: [conv],
    }).toThrow('plan: c makes 3 × 3');
  });

  it('10,000 steps of changing size leak nothing', async () => {
    const engine = start(imagePlan());
    const batches = [1, 3, 2].map((n) => batch(n, 144));
    const steps = async (n: number) => {
      for (let i = 0; i < n; i++) await engine.step(batches[i % 3]!, { kind: 'sgd', learningRate: 1e-3 });
      globalThis.gc?.();
      return process.memoryUsage().rss;
    };
    const before = await steps(2000);
    const after = await steps(10_000);
    expect((after - before) / 2 ** 20).toBeLessThan(24);
    engine.dispose();
  }, 60_000);
});
