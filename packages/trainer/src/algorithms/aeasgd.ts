/**
 * Asynchronous elastic averaging SGD. Zhang, Choromanska, LeCun, Deep learning with Elastic Averaging SGD, NIPS 2015.
 *
 * Before a step whose clock λ divides: d = α (x − θ); θ ← θ + d; x ← x − d, with g taken at the x before the move.
 * α = β/P. A last elastic move follows the last step. One round trip: the worker sends x, the shard computes d, adds it to
 * θ and returns it.
 */
import { axpy, elastic } from '@weft/native';
import {
  type Algorithm,
  bindShard,
  bindWorker,
  type RuleOptions,
  type ShardRule,
  type WorkerRule,
} from '../algorithm.js';
import { checkOptions, positive } from '../settings.js';

interface Options {
  /** λ */
  window: number;
  /** α = β/P, P the workers at the start of the run. */
  alpha: number;
}

function options(o: RuleOptions): Options {
  checkOptions('aeasgd', o, ['beta']);
  return { window: o.window, alpha: positive(o.settings, 'beta', 0.9) / o.workers };
}

const worker: WorkerRule<Record<never, never>, Options> = {
  init: () => ({}),
  plan: (c, o) => {
    const push = c.last ? c.since > 0 : c.clock % o.window === 0;
    return { link: 'shards', push, pull: push ? 'with' : 'no', before: true };
  },
  step: (_w, x, g, c) => c.optimizer(x, g, c.lr),
  send: (_w, x, _pulled, out) => out.set(x),
  // x ← x − d
  receive: (_w, x, reply) => axpy(-1, reply, x),
};

const shard: ShardRule<Record<never, never>, Options> = {
  // A second answer must be the same d: θ has already moved by it, and x is still to.
  retry: 'cached',
  init: () => ({}),
  apply: (_s, center, message, _m, o, reply) => {
    elastic(o.alpha, message, center, reply);
    return 1;
  },
};

export const aeasgd: Algorithm = {
  name: 'aeasgd',
  summary: 'asynchronous elastic averaging SGD (Zhang et al. 2015): workers explore, tied to the center by a spring',
  defaults: { optimizer: 'momentum', learningRate: 0.05, window: 8 },
  maxWorkers: Number.POSITIVE_INFINITY,
  worker: (o) => bindWorker(worker, options(o)),
  shard: (o) => bindShard(shard, options(o)),
};
