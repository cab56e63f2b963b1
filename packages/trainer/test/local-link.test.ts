import { describe, expect, it } from 'vitest';
import { localLink } from '../src/local-link.js';
import { Rig } from './rig.js';

const idOf = (worker: number, window: number) => ({ worker, incarnation: 0, window });

describe('localLink', () => {
  const start = [1, 2, 3, 4, 5];
  const rigOf = () => new Rig({ name: 'adag', start, workers: 2, shards: 2, learningRate: 1 });

  it('gathers θ from all shards, as a copy', async () => {
    const rig = rigOf();
    const link = localLink({ worker: 0, shards: rig.shards });
    const into = new Float32Array(5);
    await link.pull(into);
    expect([...into]).toEqual(start);
    into.fill(0);
    await link.peek(into);
    expect([...into]).toEqual(start);
    into.fill(0);
    expect([...rig.center]).toEqual(start);
  });

  it('scatters a message and gathers the reply, with the staleness of each shard', async () => {
    const rig = rigOf();
    const [a, b] = [0, 1].map((worker) => localLink({ worker, shards: rig.shards }));
    const message = Float32Array.of(1, 1, 1, 1, 1);
    const reply = new Float32Array(5);
    expect(await a!.push(idOf(0, 0), message, null)).toEqual([0, 0]);
    expect(await b!.push(idOf(1, 0), message, reply)).toEqual([1, 1]);
    expect([...reply]).toEqual([3, 4, 5, 6, 7]);
    // From version 0, of two pushes since one its own.
    expect(await a!.push(idOf(0, 1), message, null)).toEqual([1, 1]);
    await a!.pull(reply);
    expect(await a!.push(idOf(0, 2), message, null)).toEqual([0, 0]);
  });

  it('does not count staleness from a peek', async () => {
    const rig = rigOf();
    const [a, b] = [0, 1].map((worker) => localLink({ worker, shards: rig.shards }));
    const v = new Float32Array(5);
    await b!.push(idOf(1, 0), v, null);
    await a!.peek(v);
    expect(await a!.push(idOf(0, 0), v, null)).toEqual([1, 1]);
  });

  it('rejects what a shard refuses', async () => {
    const rig = rigOf();
    const link = localLink({ worker: 0, shards: rig.shards });
    await expect(link.push(idOf(0, 0), new Float32Array(4), null)).rejects.toMatchObject({ code: 'bad-message' });
  });
});
