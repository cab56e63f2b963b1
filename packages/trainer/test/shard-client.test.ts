import { randomBytes } from 'node:crypto';
import {
  type Connection,
  connect,
  type Handler,
  listen,
  type Server,
  type ShardPeer,
  shardRanges,
} from '@weft/transport';
import { afterEach, describe, expect, it } from 'vitest';
import { algorithm } from '../src/algorithms/index.js';
import { localLink } from '../src/local-link.js';
import { shardLink } from '../src/shard-client.js';
import type { ShardLink } from '../src/shard-link.js';
import { shardHandler } from '../src/shard-server.js';
import { runWorker } from '../src/worker-loop.js';
import { LeastSquares, uniform } from './least-squares.js';
import { Rig } from './rig.js';

const run = 'test';
const token = randomBytes(32);
const timeoutMs = 10_000;
const idOf = (worker: number, window: number) => ({ worker, incarnation: 0, window });

describe('shardLink', () => {
  const servers: Server[] = [];
  const connections: Connection[] = [];

  afterEach(async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close()));
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function serve(handler: Handler): Promise<Server> {
    const server = await listen({ identity: { role: 'shard', rank: servers.length, run }, token, handler });
    servers.push(server);
    return server;
  }

  async function peer(server: Server, rank: number, range: ShardPeer['range']): Promise<ShardPeer> {
    const { host, port } = server;
    const connection = await connect({ host, port, identity: { role: 'worker', rank, run }, token });
    connections.push(connection);
    return { connection, range };
  }

  /** A link of each worker to all shards of the rig. */
  async function linksOf(rig: Rig, workers: number): Promise<ShardLink[]> {
    const listening = await Promise.all(rig.shards.map(({ shard }) => serve(shardHandler(shard))));
    return Promise.all(
      Array.from({ length: workers }, async (_, rank) => {
        const shards = await Promise.all(rig.shards.map(({ range }, i) => peer(listening[i]!, rank, range)));
        return shardLink({ shards, timeoutMs });
      }),
    );
  }

  it('gathers and scatters one vector over two shards', async () => {
    const rig = new Rig({ name: 'adag', start: [1, 2, 3, 4, 5], workers: 2, shards: 2, learningRate: 1 });
    const [a, b] = await linksOf(rig, 2);
    const [x, reply] = [new Float32Array(5), new Float32Array(5)];
    await a!.pull(x);
    expect([...x]).toEqual([1, 2, 3, 4, 5]);
    expect(await a!.push(idOf(0, 0), Float32Array.of(1, 1, 1, 1, 1), reply)).toEqual([0, 0]);
    expect([...reply]).toEqual([2, 3, 4, 5, 6]);
    // b has never pulled: its version is 0.
    expect(await b!.push(idOf(1, 0), Float32Array.of(0, 0, 0, 0, 1), null)).toEqual([1, 1]);
    // Looking does not bring b nearer to the center; its own push does not count.
    await b!.peek(x);
    expect([...x]).toEqual([2, 3, 4, 5, 7]);
    expect(await b!.push(idOf(1, 1), Float32Array.of(0, 0, 0, 0, 0), null)).toEqual([1, 1]);
    expect(await a!.push(idOf(0, 1), Float32Array.of(0, 0, 0, 0, 0), null)).toEqual([2, 2]);
    await b!.pull(x);
    expect(await b!.push(idOf(1, 2), Float32Array.of(0, 0, 0, 0, 0), null)).toEqual([0, 0]);
    expect([...rig.center]).toEqual([2, 3, 4, 5, 7]);
  });

  it('gives the bits that shards in one process give, with more shards than elements too', async () => {
    for (const [name, shards] of [
      ['downpour', 2],
      ['aeasgd', 2],
      ['adag', 2],
      ['adag', 60],
    ] as const) {
      const random = uniform(3);
      const start = Float32Array.from({ length: 50 }, random);
      const gradients = [0, 1].map(() => Array.from({ length: 6 }, () => Array.from({ length: 50 }, random)));
      const train = async (linksFor: (rig: Rig) => ShardLink[] | Promise<ShardLink[]>) => {
        const rig = new Rig({ name, start, workers: 2, shards, window: 2, learningRate: 0.1 });
        const links = await linksFor(rig);
        const workers = links.map((link, rank) => rig.worker(rank, gradients[rank]!, { link }));
        for (const rank of [0, 1, 1, 0, 0, 1, 0, 1, 1]) await workers[rank]!.steps();
        for (const worker of workers) await worker.flush();
        return { center: rig.center, taus: workers.map((w) => w.progress.map((p) => p.staleness)) };
      };
      const overSockets = await train((rig) => linksOf(rig, 2));
      const inProcess = await train((rig) => [0, 1].map((worker) => localLink({ worker, shards: rig.shards })));
      expect(overSockets).toEqual(inProcess);
    }
  });

  it.each(['downpour', 'aeasgd', 'adag'])('trains two workers at once: %s', async (name) => {
    const data = new LeastSquares({ features: 4, samples: 160, seed: 2 });
    const rig = new Rig({ name, start: new Float32Array(5), workers: 2, shards: 2, window: 2, learningRate: 0.1 });
    const links = await linksOf(rig, 2);
    let trained = 0;
    await Promise.all(
      links.map((link, rank) => {
        const { worker } = rig.worker(rank, [], {
          link,
          replica: data.replica(),
          batches: data.batches,
          batchSize: 8,
          onProgress: (p) => {
            trained += p.samples;
          },
        });
        return (async () => {
          for (let epoch = 0; epoch < 40; epoch++) await worker.train({ epoch, start: 80 * rank, end: 80 * rank + 80 });
          await worker.flush();
        })();
      }),
    );
    expect(trained).toBe(40 * 160);
    for (const [i, value] of rig.center.entries()) expect(value).toBeCloseTo(data.solution[i]!, 2);
  });

  it('refuses an answer that is shorter than its range', async () => {
    const rig = new Rig({ name: 'adag', start: [1, 2], workers: 1, learningRate: 1 });
    const server = await serve(shardHandler(rig.shards[0]!.shard));
    const link = shardLink({ shards: [await peer(server, 0, { start: 0, end: 3 })], timeoutMs });
    await expect(link.pull(new Float32Array(3))).rejects.toMatchObject({
      name: 'TransportError',
      code: 'protocol',
      message: expect.stringMatching(/answer of shard 0 .*: 8 of 12 bytes had come/),
    });
  });

  it.each([
    [{}, 'a whole number ≥ 0 as version expected, got undefined'],
    [{ version: 'new' }, 'a whole number ≥ 0 as version expected, got new'],
    [{ version: 1 }, 'a whole number ≥ 0 as staleness expected, got undefined'],
    [{ version: 1, staleness: -1 }, 'a whole number ≥ 0 as staleness expected, got -1'],
  ])('refuses the answer %j to a push', async (header, message) => {
    const server = await serve(() => ({ header, sendView: new Float32Array(2) }));
    const link = shardLink({ shards: [await peer(server, 0, { start: 0, end: 2 })], timeoutMs });
    await expect(link.push(idOf(0, 0), new Float32Array(2), new Float32Array(2))).rejects.toMatchObject({
      code: 'bad-message',
      message: `push to shard 0: ${message}`,
    });
  });

  it('rejects once all shards are done: nobody writes to the vector afterwards', async () => {
    let answer = (): void => {};
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const [first, second] = shardRanges(4, 2);
    const slow = await serve(async () => {
      await asked;
      return { header: { version: 0 }, sendView: Float32Array.of(7, 7) };
    });
    const failing = await serve(() => {
      answer();
      throw new Error('no memory');
    });
    const link = shardLink({ shards: [await peer(failing, 0, first!), await peer(slow, 0, second!)], timeoutMs });
    const into = new Float32Array(4);
    await expect(link.pull(into)).rejects.toMatchObject({ code: 'remote', remoteMessage: 'no memory' });
    expect([...into]).toEqual([0, 0, 7, 7]);
  });

  it('rejects runWorker when a shard goes away', async () => {
    const data = new LeastSquares({ features: 4, samples: 160, seed: 2 });
    const rig = new Rig({ name: 'adag', start: new Float32Array(5), workers: 1, shards: 2, learningRate: 0.1 });
    const [link] = await linksOf(rig, 1);
    let asked = 0;
    const running = runWorker(
      {
        rank: 0,
        incarnation: 0,
        workers: 1,
        batchSize: 8,
        learningRate: 0.1,
        replica: data.replica(),
        rule: algorithm('adag').worker({ window: 1, workers: 1, settings: {} }),
        optimizer: { name: 'none', learningRate: 1, init: () => ({ step: 0, slots: [] }), step: () => {} },
        link: link!,
        batches: data.batches,
        onProgress: () => {},
        now: () => performance.now(),
      },
      {
        next: async () => {
          if (asked++ === 2) await servers[1]!.close();
          return { kind: 'train', range: { epoch: 0, start: 0, end: 160 }, upcoming: null };
        },
      },
    );
    await expect(running).rejects.toMatchObject({ name: 'TransportError' });
  });
});
