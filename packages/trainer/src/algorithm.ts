/**
 * The contract of an update rule: both halves of one paper, pure. No sockets, no clocks, no logging; state holds numbers
 * and arrays only, so that it can be saved. Symbols are those of docs/algorithms.md.
 */
import type { Vector } from '@weft/native';
import type { OptimizerName } from './optimizers/index.js';

/** What one step exchanges with the parameter shards. */
export interface Plan {
  /** Whom the step talks to. */
  readonly link: 'none' | 'shards';
  /** Whether a message is sent. */
  readonly push: boolean;
  /** Whether a vector comes back: not at all, as the reply to the push, or by a pull of its own before it. */
  readonly pull: 'no' | 'with' | 'first';
  /** The exchange precedes the step; its gradient is taken before the exchange either way. */
  readonly before: boolean;
}

/** Moves x by one optimizer step along −g. */
export type LocalStep = (x: Vector, g: Vector, learningRate: number) => void;

/** What a worker knows at one step. */
export interface Context {
  /** Local steps finished; in plan() and step(), those before the one at hand. */
  readonly clock: number;
  /** Local steps finished since the last push. */
  readonly since: number;
  /** η of this step. */
  readonly lr: number;
  /** P, at the start of the run. */
  readonly workers: number;
  /** No step follows: only what is still unsent is asked for (the end of an epoch or of the run). */
  readonly last: boolean;
  readonly optimizer: LocalStep;
}

/** The worker's half. W: its state, O: its options. */
export interface WorkerRule<W, O> {
  init(x: Vector, o: O): W;
  plan(c: Context, o: O): Plan;
  step(w: W, x: Vector, g: Vector, c: Context, o: O): void;
  /** Fills out. The loop owns out until every shard has acknowledged it. */
  send(w: W, x: Vector, pulled: Vector | null, out: Vector, c: Context, o: O): void;
  receive(w: W, x: Vector, reply: Vector, c: Context, o: O): void;
}

/** What a shard knows of one push. */
export interface Meta {
  readonly worker: number;
  readonly workers: number;
  /** The version that the push was computed from. */
  readonly version: number;
  /** τ: updates of others applied to this shard between that version and now. */
  readonly staleness: number;
}

/** The shard's half. S: its state, O: its options. */
export interface ShardRule<S, O> {
  /** What a repeated push is answered with: today's center, or what the first one was answered with. */
  readonly retry: 'current' | 'cached';
  init(center: Vector, o: O): S;
  /** Applies a message and fills reply (of the shard's length). Returns how many versions the center advanced. */
  apply(s: S, center: Vector, message: Vector, m: Meta, o: O, reply: Vector): 0 | 1;
}

/** Settings that a run may choose for a rule, before they are resolved. */
export type Settings = Readonly<Record<string, number | string | boolean>>;

/** What a trainer uses when the user does not say. */
export interface TrainerDefaults {
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  readonly window: number;
}

/** An update rule as the rest of weft sees it; its own types stay inside. */
export interface Algorithm {
  readonly name: string;
  /** One line for --help. */
  readonly summary: string;
  readonly defaults: TrainerDefaults;
  /** Most workers it can use; `single` has one. */
  readonly maxWorkers: number;
  /** Makes the worker's half for one run. */
  worker(o: RuleOptions): BoundWorker;
  /** Makes the shard's half for one run; absent where there is no server. */
  readonly shard?: (o: RuleOptions) => BoundShard;
}

/** What both halves are made from. */
export interface RuleOptions {
  /** λ */
  readonly window: number;
  /** P, at the start of the run. */
  readonly workers: number;
  readonly settings: Settings;
}

/** The worker's half with its state and options inside. */
export interface BoundWorker {
  init(x: Vector): void;
  plan(c: Context): Plan;
  step(x: Vector, g: Vector, c: Context): void;
  send(x: Vector, pulled: Vector | null, out: Vector, c: Context): void;
  receive(x: Vector, reply: Vector, c: Context): void;
}

/** The shard's half with its state and options inside. */
export interface BoundShard {
  readonly retry: 'current' | 'cached';
  init(center: Vector): void;
  apply(center: Vector, message: Vector, m: Meta, reply: Vector): 0 | 1;
}

/** Binds a worker rule to its options. */
export function bindWorker<W, O>(rule: WorkerRule<W, O>, o: O): BoundWorker {
  let w: W | undefined;
  const state = (): W => {
    if (w === undefined) throw new Error('worker rule used before init()');
    return w;
  };
  return {
    init: (x) => {
      w = rule.init(x, o);
    },
    plan: (c) => rule.plan(c, o),
    step: (x, g, c) => rule.step(state(), x, g, c, o),
    send: (x, pulled, out, c) => rule.send(state(), x, pulled, out, c, o),
    receive: (x, reply, c) => rule.receive(state(), x, reply, c, o),
  };
}

/** Binds a shard rule to its options. */
export function bindShard<S, O>(rule: ShardRule<S, O>, o: O): BoundShard {
  let s: S | undefined;
  return {
    retry: rule.retry,
    init: (center) => {
      s = rule.init(center, o);
    },
    apply: (center, message, m, reply) => {
      if (s === undefined) throw new Error('shard rule used before init()');
      return rule.apply(s, center, message, m, o, reply);
    },
  };
}
