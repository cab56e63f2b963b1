/**
 * Accumulated gradient normalization, which dist-keras calls ADAG. Hermans, Spanakis, Möckel, ACML 2017.
 *
 * Worker: a = Σ_{k<λ} −η g(x_k), applied locally as it goes; commit a/k, k the steps really accumulated (λ, fewer in a last
 * window); x ← pull. Server: θ ← θ + a/k. λ = 1 equals downpour with push = fetch = 1.
 */
import { add, scaledDifference, type Vector } from '@weft/native';
import {
  type Algorithm,
  bindShard,
  bindWorker,
  type RuleOptions,
  type ShardRule,
  type WorkerRule,
} from '../algorithm.js';
import { checkOptions } from '../settings.js';

interface Options {
  /** λ */
  window: number;
}

function options(o: RuleOptions): Options {
  checkOptions('adag', o, []);
  return { window: o.window };
}

// a is x − base, base being the last pull: with any local optimizer, the displacement that it made.
const worker: WorkerRule<{ base: Vector }, Options> = {
  init: (x) => ({ base: x.slice() }),
  plan: (c, o) => {
    const push = c.last ? c.since > 0 : c.since + 1 >= o.window;
    return { link: 'shards', push, pull: push ? 'with' : 'no', before: false };
  },
  step: (_w, x, g, c) => c.optimizer(x, g, c.lr),
  // a/k
  send: (w, x, _pulled, out, c) => scaledDifference(1 / c.since, x, w.base, out),
  // x ← θ
  receive: (w, x, reply) => {
    x.set(reply);
    w.base.set(reply);
  },
};

const shard: ShardRule<Record<never, never>, Options> = {
  retry: 'current',
  init: () => ({}),
  // θ ← θ + a/k
  apply: (_s, center, message, _m, _o, reply) => {
    add(message, center);
    reply.set(center);
    return 1;
  },
};

export const adag: Algorithm = {
  name: 'adag',
  summary:
    'accumulated gradient normalization (Hermans et al. 2017; ADAG of dist-keras): mean displacement of a window',
  defaults: { optimizer: 'adam', learningRate: 0.002, window: 4 },
  maxWorkers: Number.POSITIVE_INFINITY,
  worker: (o) => bindWorker(worker, options(o)),
  shard: (o) => bindShard(shard, options(o)),
};
