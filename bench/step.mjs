// Training steps and inference beside PyTorch and TensorFlow, in one run: `pnpm bench step [--quick] [--json]`.
//
// Peers are long-lived Python processes (step-peer.py) that take turns with weft, in ABBA order, so that what the machine does
// meanwhile falls on all alike. WEFT_PEER_PYTHON names a Python that has torch and tensorflow-cpu; without it one is made. A peer that is missing says so.
import { addon, Engine } from '../native/dist/index.js';
import { createModel } from '../packages/models/dist/model.js';
import { compilePlan } from '../packages/models/dist/native-plan.js';
import { getParameters } from '../packages/models/dist/parameters.js';
import { modelToJson } from '../packages/models/dist/topology.js';
import { LineProcess } from './line-process.mjs';
import { peerPython } from './peers.mjs';
import { quick, ratioOf, say, summary, writeResult } from './result.mjs';

const python = peerPython('step', ['torch', 'tensorflow-cpu']);
const FRAMEWORKS = ['torch', 'torch-channels-last', 'tensorflow'];
const rounds = quick ? 2 : 6; // each is A B B A

/** One peer process; ask() resolves to the milliseconds of each step. */
class Peer extends LineProcess {
  constructor(framework, threads) {
    super(python, [new URL('step-peer.py', import.meta.url).pathname, framework, String(threads)]);
    this.framework = framework;
  }
  ask(request) {
    return super.ask(JSON.stringify(request));
  }
}

/** weft's side of a row: milliseconds of each step, the promise's way to the main thread and back included. */
class Weft {
  constructor(threads) {
    this.threads = threads;
    this.ready = new Map();
  }
  async ask({ model, batch, mode, steps }) {
    const key = `${model} ${batch}`;
    if (!this.ready.has(key)) {
      this.ready.set(key, make(model, batch, this.threads));
      await this.ask({ model, batch, mode, steps: 5 });
    }
    const { engine, data } = this.ready.get(key);
    const optimizer = { kind: 'sgd', learningRate: 0.01 };
    const ms = [];
    for (let i = 0; i < steps; i++) {
      const start = performance.now();
      await (mode === 'train' ? engine.step(data, optimizer) : engine.predict(data));
      ms.push(performance.now() - start);
    }
    return { ms };
  }
}

function make(name, size, threads) {
  const model = createModel(name, { seed: 1 });
  const plan = compilePlan(modelToJson(model), {
    loss: 'categorical-crossentropy',
    normalization: { scale: 1, shift: 0 },
    seed: 1,
    threads,
  });
  const engine = new Engine(plan);
  engine.parameters.set(getParameters(model));
  const inputs = Float32Array.from({ length: size * 784 }, () => Math.random());
  const targets = Uint16Array.from({ length: size }, () => Math.random() * 10);
  return { engine, data: { inputs, targets, size } };
}

function rowsToRun() {
  const rows = [];
  for (const threads of [1, 2]) {
    for (const model of ['mlp', 'cnn']) {
      for (const batch of quick ? [128, 16] : [128, 16, 32, 1024]) {
        const goal = batch === 128 ? (threads === 1 ? 1.15 : 1.1) : batch === 16 ? 1.5 : null;
        rows.push({ threads, model, batch, mode: 'train', goal });
      }
      if (!quick) rows.push({ threads, model, batch: 128, mode: 'predict', goal: null });
    }
  }
  return rows;
}

/** Steps of one turn: some 0.15 s of work. */
function stepsOf({ model, batch }) {
  return Math.max(2, Math.round((model === 'mlp' ? 3000 : 500) / batch));
}

const versions = {};
const rows = [];
for (const threads of [1, 2]) {
  const weft = new Weft(threads);
  const peers = FRAMEWORKS.map((framework) => new Peer(framework, threads));
  for (const peer of peers) {
    const hello = await peer.hello;
    if (hello.version) versions[peer.framework] = hello.version;
    else say(`${peer.framework}: ${hello.failed}`);
  }
  for (const row of rowsToRun().filter((r) => r.threads === threads)) {
    const { model, batch, mode, goal } = row;
    const request = { model, batch, mode, steps: stepsOf(row) };
    const times = new Map([['weft', []], ...peers.map((p) => [p.framework, []])]);
    const order = [['weft', weft], ...peers.map((p) => [p.framework, p])];
    const errors = {};
    for (let r = 0; r < rounds; r++) {
      for (const [name, side] of [...order, ...order.toReversed()]) {
        const answer = await side.ask(request);
        if (answer.ms) times.get(name).push(...answer.ms);
        else errors[name] = answer.failed;
      }
    }
    const peerSummaries = {};
    for (const { framework } of peers) {
      const ms = times.get(framework);
      peerSummaries[framework] = ms.length > 0 ? summary(ms) : { error: errors[framework] };
    }
    const ours = summary(times.get('weft'));
    const others = Object.values(peerSummaries);
    const ratio = ratioOf(
      ours.median,
      others.map((p) => p.median),
    );
    const ratioOfMinima = ratioOf(
      ours.min,
      others.map((p) => p.min),
    );
    const name = `${model} batch ${batch} ${mode}, ${threads} thread${threads > 1 ? 's' : ''}`;
    rows.push({ name, unit: 'ms', weft: ours, peers: peerSummaries, ratio, ratioOfMinima, goal });
    const figures = Object.entries(peerSummaries).map(([n, p]) => `${n} ${p.median ?? p.error}`);
    say(
      `${name}: weft ${ours.median} (min ${ours.min}), ${figures.join(', ')}: ratio ${ratio}, of minima ${ratioOfMinima}${goal ? `, goal ${goal}` : ''}`,
    );
  }
  for (const peer of peers) peer.child.kill();
  for (const { engine } of weft.ready.values()) engine.dispose();
}

const found = addon();
writeResult('step', { kernels: found.ok ? found.addon.kernels : found.reason, versions, rows });
