/** One worker, no server: x ← opt(x, g). The baseline that every other trainer is compared with. */
import { type Algorithm, bindWorker, type WorkerRule } from '../algorithm.js';
import { checkOptions } from '../settings.js';

const worker: WorkerRule<Record<never, never>, undefined> = {
  init: () => ({}),
  plan: () => ({ link: 'none', push: false, pull: 'no', before: false }),
  step: (_w, x, g, c) => c.optimizer(x, g, c.lr),
  send: () => {},
  receive: () => {},
};

export const single: Algorithm = {
  name: 'single',
  summary: 'one worker, no server: the baseline',
  defaults: { optimizer: 'momentum', learningRate: 0.05, window: 1 },
  maxWorkers: 1,
  worker: (o) => {
    checkOptions('single', o, []);
    return bindWorker(worker, undefined);
  },
};
