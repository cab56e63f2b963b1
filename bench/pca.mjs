// Principal component analysis beside scikit-learn and PyTorch, in one run: `pnpm bench pca [--quick] [--json]`.
//
// Each method and each matrix has a process of its own, so that its peak memory can be told; they take turns, in ABBA order. weft reads its rows
// from a file of bytes in every pass, as it would from a data set; the peers have theirs in memory as float32 before the clock starts.
// What a fit is worth is the share of variance that its components do not explain, computed for all by one NumPy process.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PcaScatter } from '../native/dist/index.js';
import { LineProcess } from './line-process.mjs';
import { matrixFile } from './pca-data.mjs';
import { peerPython } from './peers.mjs';
import { quick, ratioOf, say, summary, writeResult } from './result.mjs';

const python = peerPython('pca', ['scikit-learn', 'torch']);
const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const THREADS = 2;
/** Over the data, of Pca's default. */
const PASSES = 8;
const work = mkdtempSync(join(tmpdir(), 'weft-bench-pca-'));

const MATRICES = [
  { data: 'deep-fashion', rows: 6000, side: 64, components: 256, rounds: 4 },
  { data: 'fashion-mnist', rows: 60_000, side: 28, components: 100, rounds: 6 },
  { data: 'deep-fashion', rows: 20_000, side: 128, components: 784, rounds: 1 },
];
/** Beyond so many features a covariance matrix of the peers takes minutes, or tens of gigabytes. */
const MOST_COVARIANCE = 5000;
/** Beyond so many features scikit-learn's IncrementalPCA takes minutes; it is measured in one round. */
const MOST_INCREMENTAL = 1000;

class Side extends LineProcess {
  constructor(name, command, args) {
    super(command, args);
    this.name = name;
  }
}

const versions = {};
const rows = [];

async function measure({ data, rows: n, side, components: k, rounds }) {
  const d = side * side;
  const path = await matrixFile({ data, rows: n, side });
  const shape = [path, n, d, k, THREADS].map(String);
  const out = (method) => join(work, `${method}-${n}`);
  const weft = (method) =>
    new Side(`weft ${method}`, process.execPath, [here('pca-fit.mjs'), method, ...shape, out(method)]);
  const peer = (name, method) => new Side(name, python, [here('pca-peer.py'), method, ...shape]);
  const incremental = d <= MOST_INCREMENTAL;
  const ours = [weft('auto'), ...(incremental ? [weft('incremental')] : [])];
  const theirs = [
    peer('scikit-learn randomized', 'randomized'),
    ...(d <= MOST_COVARIANCE ? [peer('scikit-learn covariance_eigh', 'covariance_eigh')] : []),
    ...(incremental ? [peer('scikit-learn IncrementalPCA', 'incremental')] : []),
    peer('torch.pca_lowrank', 'pca_lowrank'),
  ];
  const judge = peer('judge', 'error');
  const sides = [...ours, ...theirs];
  for (const one of [...sides, judge]) {
    const { versions: found, failed } = await one.hello;
    if (failed) say(`${one.name}: ${failed}`);
    Object.assign(versions, found);
  }
  const seconds = new Map(sides.map(({ name }) => [name, []]));
  const peak = new Map();
  const failures = new Map();
  const take = async (one) => {
    const answer = await one.ask('fit');
    if (answer.failed) failures.set(one.name, answer.failed);
    else {
      seconds.get(one.name).push(answer.seconds);
      peak.set(one.name, answer.peakMb);
    }
  };
  for (let round = 0; round < (quick ? 1 : rounds); round++) {
    const inTurn = sides.filter(({ name }) => round === 0 || !/incremental/i.test(name));
    for (const one of inTurn) await take(one);
    if (!quick) for (const one of inTurn.toReversed()) await take(one);
  }
  const errors = new Map();
  for (const one of ours) errors.set(one.name, (await judge.ask(`error ${out(one.name.slice(5))}`)).error);
  for (const one of theirs) errors.set(one.name, (await one.ask('own')).error);
  for (const one of [...sides, judge]) one.child.kill();

  const shapeName = `${n.toLocaleString('en')} × ${d.toLocaleString('en')} → ${k}`;
  const compare = (mine, others, goal) => {
    const method = mine.slice(5);
    const figures = others.map(({ name }) => [
      name,
      seconds.get(name).length > 0
        ? { ...summary(seconds.get(name)), error: errors.get(name), peakMb: Math.round(peak.get(name)) }
        : { error: failures.get(name) },
    ]);
    const own = { ...summary(seconds.get(mine)), error: errors.get(mine), peakMb: Math.round(peak.get(mine)) };
    const measured = figures.filter(([, figure]) => figure.median !== undefined);
    const fastest = measured.toSorted((a, b) => a[1].median - b[1].median)[0];
    const ratio = ratioOf(
      own.median,
      measured.map(([, figure]) => figure.median),
    );
    const ratioOfMinima = ratioOf(
      own.min,
      measured.map(([, figure]) => figure.min),
    );
    const errorAtMostFastest = fastest ? own.error <= fastest[1].error * (1 + 1e-4) : null;
    rows.push({
      name: `${shapeName}, ${method}`,
      unit: 's',
      weft: own,
      peers: Object.fromEntries(figures),
      ratio,
      ratioOfMinima,
      goal,
      errorAtMostFastest,
    });
    const smallest = Math.min(...measured.map(([, figure]) => figure.peakMb));
    rows.push({
      name: `${shapeName}, ${method}, peak memory`,
      unit: 'MB',
      weft: { median: own.peakMb, min: own.peakMb },
      peers: Object.fromEntries(
        measured.map(([name, figure]) => [name, { median: figure.peakMb, min: figure.peakMb }]),
      ),
      ratio: measured.length > 0 ? Number((smallest / own.peakMb).toPrecision(4)) : null,
      goal: method === 'auto' && d > MOST_INCREMENTAL ? 4 : null,
    });
    const show = (figure) =>
      figure.median === undefined
        ? figure.error
        : `${figure.median} s (min ${figure.min}), error ${figure.error.toFixed(5)}, ${figure.peakMb} MB`;
    say(`${shapeName}, ${mine}: ${show(own)}`);
    for (const [name, figure] of figures) say(`    ${name}: ${show(figure)}`);
    const verdict = errorAtMostFastest ? 'error at most that of the fastest' : 'ERROR ABOVE THAT OF THE FASTEST';
    say(
      `    ratio ${ratio}, of minima ${ratioOfMinima}, goal ${goal ?? '–'}; ${verdict}; memory ratio ${rows.at(-1).ratio}`,
    );
  };
  compare(
    'weft auto',
    theirs.filter(({ name }) => !name.includes('Incremental')),
    1.5,
  );
  if (incremental)
    compare(
      'weft incremental',
      theirs.filter(({ name }) => name.includes('Incremental')),
      null,
    );
}

/** 100,000 × 16,384 → 784 beside torch on the same GPU, with the bytes that a pass takes in a second. */
async function measureGpu() {
  const name = '100,000 × 16,384 → 784 on a GPU';
  let device;
  try {
    device = new PcaScatter({ features: 1, device: 'gpu' }).name;
  } catch (error) {
    say(`${name}: not run: ${error.message}`);
    rows.push({ name, unit: 's', weft: { error: error.message }, peers: {}, ratio: null, goal: null });
    return;
  }
  const [n, d, k] = [100_000, 128 * 128, 784];
  const shape = [await matrixFile({ data: 'deep-fashion', rows: n, side: 128 }), n, d, k, THREADS].map(String);
  const weft = new Side('weft gpu', process.execPath, [here('pca-fit.mjs'), 'gpu', ...shape, join(work, 'gpu')]);
  const torch = new Side('torch', python, [here('pca-peer.py'), 'pca_lowrank_cuda', ...shape]);
  await Promise.all([weft.hello, torch.hello]);
  const times = { weft: [], torch: [] };
  for (const side of ['weft', 'torch', 'torch', 'weft']) {
    const { seconds, failed } = await (side === 'weft' ? weft : torch).ask('fit');
    if (failed) say(`${side} on the GPU: ${failed}`);
    else times[side].push(seconds);
  }
  const error = (await torch.ask(`error ${join(work, 'gpu')}`)).error;
  const torchError = (await torch.ask('own')).error;
  for (const side of [weft, torch]) side.child.kill();
  if (times.weft.length === 0) return;
  const own = {
    ...summary(times.weft),
    error,
    gigabytesPerSecond: (PASSES * n * d) / 1e9 / summary(times.weft).median,
  };
  const peers = times.torch.length > 0 ? { torch: { ...summary(times.torch), error: torchError } } : {};
  const ratio = ratioOf(own.median, times.torch.length > 0 ? [peers.torch.median] : []);
  rows.push({ name, unit: 's', device, weft: own, peers, ratio, goal: null });
  say(
    `${name} (${device}): weft ${own.median} s, ${own.gigabytesPerSecond.toFixed(2)} GB/s, error ${error}; torch ${peers.torch?.median} s, error ${torchError}; ratio ${ratio}`,
  );
}

try {
  for (const matrix of quick ? MATRICES.slice(0, 2) : MATRICES) await measure(matrix);
  if (!quick) await measureGpu();
} finally {
  rmSync(work, { recursive: true, force: true });
}
writeResult('pca', { versions, threads: THREADS, rows });
