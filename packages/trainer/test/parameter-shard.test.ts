import { describe, expect, it } from 'vitest';
import { algorithm } from '../src/algorithms/index.js';
import { ParameterShard } from '../src/parameter-shard.js';

function shardOf(name: string, center: number[], workers = 2): ParameterShard {
  const rule = algorithm(name).shard!({ window: 1, workers, settings: {} });
  return new ParameterShard({ center: Float32Array.from(center), rule, workers });
}

const push = (o: {
  worker?: number;
  incarnation?: number;
  window: number;
  version: number;
  pull?: boolean;
  message: number[];
}) => ({
  id: { worker: o.worker ?? 0, incarnation: o.incarnation ?? 0, window: o.window },
  version: o.version,
  pull: o.pull ?? true,
  message: Float32Array.from(o.message),
});

const refusal = (code: string, message: string) => expect.objectContaining({ name: 'TrainerError', code, message });

describe('ParameterShard', () => {
  it('counts a version a push and answers with the center', () => {
    const shard = shardOf('adag', [1, 2]);
    expect(shard.version).toBe(0);
    const first = shard.push(push({ window: 0, version: 0, message: [1, 1] }));
    expect(first).toMatchObject({ outcome: 'applied', version: 1, staleness: 0 });
    expect([...first.reply]).toEqual([2, 3]);
    expect(shard.push(push({ window: 1, version: 1, message: [1, 0] }))).toMatchObject({ version: 2, staleness: 0 });
    expect([...shard.center]).toEqual([3, 3]);
    expect(shard.version).toBe(2);
  });

  it('counts the updates of others since a pull as staleness, not its own', () => {
    const shard = shardOf('adag', [0]);
    expect(shard.pull(0).version).toBe(0);
    expect(shard.pull(1).version).toBe(0);
    // Worker 0 pushes twice and takes no reply: both were computed from version 0, one of them after its own.
    expect(shard.push(push({ window: 0, version: 0, pull: false, message: [1] })).staleness).toBe(0);
    expect(shard.push(push({ window: 1, version: 0, pull: false, message: [1] })).staleness).toBe(0);
    expect(shard.push(push({ worker: 1, window: 0, version: 0, message: [1] }))).toMatchObject({
      version: 3,
      staleness: 2,
    });
    // Version 3, from 0, two of the three its own.
    expect(shard.push(push({ window: 2, version: 0, pull: false, message: [1] })).staleness).toBe(1);
    // A pull begins anew.
    expect(shard.pull(0).version).toBe(4);
    expect(shard.push(push({ window: 3, version: 4, message: [1] })).staleness).toBe(0);
    // And so does a reply.
    expect(shard.push(push({ window: 4, version: 5, message: [1] })).staleness).toBe(0);
    expect(shard.staleness.entries()).toEqual([
      [0, 4],
      [1, 1],
      [2, 1],
    ]);
  });

  it('lets anyone look without changing what staleness is counted from', () => {
    const shard = shardOf('adag', [0]);
    shard.push(push({ window: 0, version: 0, pull: false, message: [1] }));
    const seen = shard.peek();
    expect(seen.version).toBe(1);
    shard.push(push({ worker: 1, window: 0, version: 0, message: [1] }));
    expect([...seen.center]).toEqual([1]);
    expect(shard.push(push({ window: 1, version: 0, message: [1] })).staleness).toBe(1);
  });

  it('gives each worker a reply of its own, which the center does not move', () => {
    const shard = shardOf('adag', [1]);
    const a = shard.pull(0);
    const b = shard.push(push({ worker: 1, window: 0, version: 0, message: [1] }));
    expect([...a.reply]).toEqual([1]);
    expect([...b.reply]).toEqual([2]);
    expect(a.reply).not.toBe(b.reply);
  });

  it('applies a repeated push once: the current center comes back where a reply is the center', () => {
    const shard = shardOf('adag', [0]);
    shard.push(push({ worker: 1, window: 0, version: 0, message: [1] }));
    shard.push(push({ window: 0, version: 0, message: [1] }));
    shard.push(push({ worker: 1, window: 1, version: 1, message: [1] }));
    const again = shard.push(push({ window: 0, version: 0, message: [1] }));
    expect(again).toMatchObject({ outcome: 'duplicate', version: 3, staleness: 1 });
    expect([...again.reply]).toEqual([3]);
    expect([...shard.center]).toEqual([3]);
    // Computed from what came back: nothing of others since.
    expect(shard.push(push({ window: 1, version: 3, message: [1] })).staleness).toBe(0);
    expect(shard.staleness.entries()).toEqual([
      [0, 2],
      [1, 2],
    ]);
  });

  it('counts a push without a reply once among its own, however often it comes', () => {
    const shard = shardOf('adag', [0]);
    const first = push({ window: 0, version: 0, pull: false, message: [1] });
    shard.push(first);
    expect(shard.push(first)).toMatchObject({ outcome: 'duplicate', version: 1, staleness: 0 });
    shard.push(push({ worker: 1, window: 0, version: 0, message: [1] }));
    expect(shard.push(push({ window: 1, version: 0, message: [1] })).staleness).toBe(1);
  });

  it('answers a repeated elastic push with the same d, and the version that d belongs to', () => {
    // α = 0.9 / 1
    const shard = shardOf('aeasgd', [0], 1);
    const first = shard.push(push({ window: 0, version: 0, message: [10] }));
    const d = [...first.reply];
    expect(d).toEqual([9]);
    expect([...shard.center]).toEqual([9]);
    shard.push(push({ worker: 1, window: 0, version: 0, message: [9] }));
    const again = shard.push(push({ window: 0, version: 0, message: [10] }));
    expect(again).toMatchObject({ outcome: 'duplicate', version: 1, staleness: 0 });
    expect([...again.reply]).toEqual(d);
    expect([...shard.center]).toEqual([9]);
    expect(shard.version).toBe(2);
    // Worker 1 came between d and this push.
    expect(shard.push(push({ window: 1, version: 1, message: [9] })).staleness).toBe(1);
  });

  it('fences an incarnation that was replaced', () => {
    const shard = shardOf('adag', [0]);
    shard.push(push({ window: 0, version: 0, message: [1] }));
    shard.push(push({ window: 1, version: 1, message: [1] }));
    // The restarted worker counts its windows from 0 again.
    const { version } = shard.pull(0);
    expect(shard.push(push({ incarnation: 1, window: 0, version, message: [1] }))).toMatchObject({
      outcome: 'applied',
      version: 3,
      staleness: 0,
    });
    expect(() => shard.push(push({ window: 2, version: 2, message: [1] }))).toThrow(
      refusal('fenced', 'push 2 of worker 0: incarnation 1 or later expected, got 0'),
    );
    expect([...shard.center]).toEqual([3]);
  });

  it('is not fenced by a message that it refuses', () => {
    const shard = shardOf('adag', [0]);
    shard.push(push({ window: 0, version: 0, message: [1] }));
    expect(() => shard.push(push({ incarnation: 1, window: 0, version: 9, message: [1] }))).toThrow(
      'version 1 or before',
    );
    expect(shard.push(push({ window: 0, version: 0, message: [1] })).outcome).toBe('duplicate');
    expect(shard.push(push({ window: 1, version: 1, message: [1] })).outcome).toBe('applied');
  });

  it('refuses a message of another length', () => {
    const shard = shardOf('adag', [0, 0]);
    expect(() => shard.push(push({ worker: 1, window: 0, version: 0, message: [1] }))).toThrow(
      refusal('bad-message', 'push 0 of worker 1: 2 elements expected, got 1'),
    );
    expect(shard.version).toBe(0);
  });

  it('refuses a window that goes back', () => {
    const shard = shardOf('adag', [0]);
    shard.push(push({ window: 0, version: 0, message: [1] }));
    shard.push(push({ window: 1, version: 1, message: [1] }));
    expect(() => shard.push(push({ window: 0, version: 2, message: [1] }))).toThrow(
      refusal('bad-message', 'push 0 of worker 0: window 1 or later expected, got 0'),
    );
    expect([...shard.center]).toEqual([2]);
  });

  it('refuses a version that it has not reached', () => {
    const shard = shardOf('adag', [0]);
    expect(() => shard.push(push({ window: 0, version: 1, message: [1] }))).toThrow(
      refusal('bad-message', 'push 0 of worker 0: version 0 or before expected, got 1'),
    );
    // Its own push counts for nothing: computed from version 1 it would have had to see it.
    shard.push(push({ window: 0, version: 0, pull: false, message: [1] }));
    expect(() => shard.push(push({ window: 1, version: 1, message: [1] }))).toThrow(
      'version 0 or before expected, got 1',
    );
  });

  it('tells a push that its rule only buffers', () => {
    const rule = { retry: 'current' as const, init: () => {}, apply: () => 0 as const };
    const shard = new ParameterShard({ center: Float32Array.of(1), rule, workers: 1 });
    expect(shard.push(push({ window: 0, version: 0, message: [1] }))).toMatchObject({
      outcome: 'buffered',
      version: 0,
    });
  });

  it('holds an empty range, as the last of many shards does', () => {
    const shard = shardOf('adag', []);
    expect(shard.push(push({ window: 0, version: 0, message: [] }))).toMatchObject({ outcome: 'applied', version: 1 });
  });
});
