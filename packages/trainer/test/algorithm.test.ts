import { describe, expect, it } from 'vitest';
import { bindShard, bindWorker, type Context, type ShardRule, type WorkerRule } from '../src/algorithm.js';

const context: Context = { clock: 0, since: 0, lr: 1, workers: 1, last: false, optimizer: () => {} };

describe('bindWorker', () => {
  // Counts its own steps, in units that its options say.
  const rule: WorkerRule<{ steps: number }, { unit: number }> = {
    init: () => ({ steps: 0 }),
    plan: (c, o) => ({ link: 'shards', push: c.clock % o.unit === 0, pull: 'with', before: false }),
    step: (w, _x, _g, _c, o) => {
      w.steps += o.unit;
    },
    send: (w, _x, _pulled, out) => out.fill(w.steps),
    receive: (_w, x, reply) => x.set(reply),
  };

  it('keeps the state of one worker, apart from that of another', () => {
    const [a, b] = [bindWorker(rule, { unit: 2 }), bindWorker(rule, { unit: 3 })];
    const x = new Float32Array(1);
    a.init(x);
    b.init(x);
    a.step(x, x, context);
    a.step(x, x, context);
    b.step(x, x, context);
    const out = new Float32Array(1);
    a.send(x, null, out, context);
    expect([...out]).toEqual([4]);
    b.send(x, null, out, context);
    expect([...out]).toEqual([3]);
    b.receive(x, out, context);
    expect([...x]).toEqual([3]);
    expect(b.plan({ ...context, clock: 2 }).push).toBe(false);
  });

  it('refuses to work before init()', () => {
    const x = new Float32Array(1);
    const bound = bindWorker(rule, { unit: 1 });
    expect(() => bound.step(x, x, context)).toThrow('worker rule used before init()');
    expect(() => bound.send(x, null, x, context)).toThrow('worker rule used before init()');
    expect(() => bound.receive(x, x, context)).toThrow('worker rule used before init()');
  });
});

describe('bindShard', () => {
  const rule: ShardRule<{ pushes: number }, undefined> = {
    retry: 'current',
    init: () => ({ pushes: 0 }),
    apply: (s, center, message, m, _o, reply) => {
      s.pushes += 1;
      reply.fill(s.pushes + m.staleness + message[0]! + center[0]!);
      return 1;
    },
  };
  const meta = { worker: 0, workers: 1, version: 0, staleness: 10 };

  it('keeps the state of one shard', () => {
    const bound = bindShard(rule, undefined);
    const [center, message, reply] = [Float32Array.of(100), Float32Array.of(1000), new Float32Array(1)];
    bound.init(center);
    expect(bound.retry).toBe('current');
    expect(bound.apply(center, message, meta, reply)).toBe(1);
    expect(bound.apply(center, message, meta, reply)).toBe(1);
    expect([...reply]).toEqual([1112]);
  });

  it('refuses to work before init()', () => {
    const v = new Float32Array(1);
    expect(() => bindShard(rule, undefined).apply(v, v, meta, v)).toThrow('shard rule used before init()');
  });
});
