/**
 * Downpour SGD. Dean et al., Large Scale Distributed Deep Networks, NIPS 2012.
 *
 * Worker, every step: x ← x − η g; Δ ← Δ − η g. Every `push` steps: push Δ, Δ ← 0. Every `fetch` steps: x ← pull + unsent Δ.
 * Server: θ ← θ + Δ, or Adagrad per element: K ← K + Δ²; θ ← θ + γ Δ / (√K + ε).
 */
import { adagradApply, add, rebase, scaledDifference, type Vector } from '@weft/native';
import {
  type Algorithm,
  bindShard,
  bindWorker,
  type RuleOptions,
  type ShardRule,
  type WorkerRule,
} from '../algorithm.js';
import { checkOptions, choice, positive, positiveInteger } from '../settings.js';

interface Options {
  /** Steps between two pushes. */
  push: number;
  /** Steps between two pulls. */
  fetch: number;
  server: 'sum' | 'adagrad';
  /** γ of the Adagrad server. */
  gamma: number;
  /** ε keeps inputs that are always zero from giving NaN. */
  epsilon: number;
}

function options(o: RuleOptions): Options {
  checkOptions('downpour', o, ['push', 'fetch', 'server', 'gamma', 'epsilon']);
  return {
    push: positiveInteger(o.settings, 'push', o.window),
    fetch: positiveInteger(o.settings, 'fetch', o.window),
    server: choice(o.settings, 'server', ['sum', 'adagrad']),
    gamma: positive(o.settings, 'gamma', 0.01),
    epsilon: positive(o.settings, 'epsilon', 1e-7),
  };
}

// Δ is not accumulated step by step: it is x − base, where base is what x would be had the unsent steps not been taken.
const worker: WorkerRule<{ base: Vector }, Options> = {
  init: (x) => ({ base: x.slice() }),
  plan: (c, o) => {
    if (c.last) return { link: 'shards', push: c.since > 0, pull: c.since > 0 ? 'with' : 'no', before: false };
    const steps = c.clock + 1;
    const push = steps % o.push === 0;
    const fetch = steps % o.fetch === 0;
    return { link: 'shards', push, pull: fetch ? (push ? 'with' : 'first') : 'no', before: false };
  },
  step: (_w, x, g, c) => c.optimizer(x, g, c.lr),
  // Δ = x − base; Δ ← 0
  send: (w, x, _pulled, out) => {
    scaledDifference(1, x, w.base, out);
    w.base.set(x);
  },
  // x ← θ + Δ
  receive: (w, x, reply) => rebase(reply, x, w.base),
};

const shard: ShardRule<{ sum: Vector | null }, Options> = {
  retry: 'current',
  init: (center, o) => ({ sum: o.server === 'adagrad' ? new Float32Array(center.length) : null }),
  apply: (s, center, message, _m, o, reply) => {
    if (s.sum) adagradApply(message, s.sum, center, o);
    else add(message, center);
    reply.set(center);
    return 1;
  },
};

export const downpour: Algorithm = {
  name: 'downpour',
  summary: 'Downpour SGD (Dean et al. 2012): displacements are added to the center as they come',
  defaults: { optimizer: 'sgd', learningRate: 0.05, window: 1 },
  maxWorkers: Number.POSITIVE_INFINITY,
  worker: (o) => bindWorker(worker, options(o)),
  shard: (o) => bindShard(shard, options(o)),
};
