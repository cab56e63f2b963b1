import { algorithm, ParameterShard, shardHandler } from '@weft/trainer';
import { type Connection, connect, listen, type Server } from '@weft/transport';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ControlKind } from '../src/control-messages.js';
import { collectFromShards, collectFromWorker } from '../src/trained.js';

const run = 'r';
const token = Buffer.alloc(32, 1);
const rule = { window: 1, workers: 1, settings: {} };

async function serve(role: string, handler: Parameters<typeof listen>[0]['handler'], rank = 0): Promise<Server> {
  const server = await listen({ identity: { role, rank, run }, token, handler });
  onTestFinished(() => server.close());
  return server;
}

async function serveShard(center: Float32Array, rank = 0) {
  const shard = new ParameterShard({ center, rule: algorithm('downpour').shard!(rule), workers: 2 });
  const push = (version: number, window: number, worker = 0) =>
    shard.push({
      id: { worker, incarnation: 0, window },
      version,
      pull: false,
      message: new Float32Array(center.length),
    });
  return { shard, push, server: await serve('shard', shardHandler(shard), rank) };
}

/** A connection to a worker that answers with these parameters, to nothing else. */
async function workerWith(parameters: Float32Array): Promise<Connection> {
  const server = await serve('worker', ({ kind }) =>
    kind === ControlKind.parameters ? { sendView: parameters } : undefined,
  );
  const identity = { role: 'coordinator', rank: 0, run };
  const connection = await connect({ host: server.host, port: server.port, identity, token });
  onTestFinished(() => connection.close());
  return connection;
}

describe('collectFromShards', () => {
  it('puts θ together, and has each shard’s version and staleness in the order of the ranges', async () => {
    const [a, b] = [await serveShard(Float32Array.of(1, 2, 3)), await serveShard(Float32Array.of(4, 5), 1)];
    a.push(0, 0);
    b.push(0, 0);
    // Computed from what b was at the start, though another worker's push came since.
    b.push(0, 0, 1);
    b.push(1, 1);
    const shards = [
      { host: a.server.host, port: a.server.port, range: { start: 0, end: 3 } },
      { host: b.server.host, port: b.server.port, range: { start: 3, end: 5 } },
    ];
    const collected = await collectFromShards({ shards, run, token, parameters: 5 });
    expect([...collected.parameters]).toEqual([1, 2, 3, 4, 5]);
    expect(collected.shards.map(({ version }) => version)).toEqual([1, 3]);
    expect(collected.shards.map(({ staleness }) => staleness.entries())).toEqual([
      [[0, 1]],
      [
        [0, 2],
        [1, 1],
      ],
    ]);
  });

  it('closes the connections that came where another could not', async () => {
    const { server } = await serveShard(Float32Array.of(1));
    const shards = [
      { host: server.host, port: server.port, range: { start: 0, end: 1 } },
      { host: '127.0.0.1', port: 1, range: { start: 1, end: 2 } },
    ];
    await expect(collectFromShards({ shards, run, token, parameters: 2 })).rejects.toMatchObject({
      code: 'unreachable',
    });
    await Promise.all([...server.connections].map(({ closed }) => closed));
    expect(server.connections.size).toBe(0);
  });
});

describe('collectFromWorker', () => {
  it('takes the only worker’s parameters; there is no shard', async () => {
    expect(await collectFromWorker(await workerWith(Float32Array.of(1, 2)))).toEqual({
      parameters: Float32Array.of(1, 2),
      shards: [],
    });
  });

  it('names the worker that is gone', async () => {
    await expect(collectFromWorker(undefined)).rejects.toThrow('worker 0: a connection expected');
  });
});
