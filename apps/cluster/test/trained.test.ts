import { algorithm, ParameterShard, shardHandler } from '@weft/trainer';
import { type Connection, connect, listen, type Server } from '@weft/transport';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ControlKind } from '../src/control-messages.js';
import { collectFromShards, collectFromWorker, collectState } from '../src/trained.js';

const run = 'r';
const token = Buffer.alloc(32, 1);
const rule = { window: 1, workers: 1, settings: {} };

async function serve(role: string, handler: Parameters<typeof listen>[0]['handler']): Promise<Server> {
  const server = await listen({ identity: { role, rank: 0, run }, token, handler });
  onTestFinished(() => server.close());
  return server;
}

async function serveShard(center: Float32Array) {
  const shard = new ParameterShard({ center, rule: algorithm('downpour').shard!(rule), workers: 1 });
  const push = (version: number, window: number) =>
    shard.push({
      id: { worker: 0, incarnation: 0, window },
      version,
      pull: false,
      message: new Float32Array(center.length),
    });
  return { shard, push, server: await serve('shard', shardHandler(shard)) };
}

/** A connection to a worker that answers with these vectors. */
async function workerWith(parameters: Float32Array, state: Float32Array): Promise<Connection> {
  const server = await serve('worker', ({ kind }) => ({ payload: kind === ControlKind.state ? state : parameters }));
  const identity = { role: 'coordinator', rank: 0, run };
  const connection = await connect({ host: server.host, port: server.port, identity, token });
  onTestFinished(() => connection.close());
  return connection;
}

describe('collectFromShards', () => {
  it('puts θ together and adds up staleness', async () => {
    const [a, b] = [await serveShard(Float32Array.of(1, 2, 3)), await serveShard(Float32Array.of(4, 5))];
    a.push(0, 0);
    b.push(0, 0);
    b.push(0, 1);
    const shards = [
      { host: a.server.host, port: a.server.port, range: { start: 0, end: 3 } },
      { host: b.server.host, port: b.server.port, range: { start: 3, end: 5 } },
    ];
    const { parameters, staleness } = await collectFromShards({ shards, run, token, parameters: 5 });
    expect([...parameters]).toEqual([1, 2, 3, 4, 5]);
    expect(staleness.entries()).toEqual([[0, 3]]);
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

describe('collectFromWorker and collectState', () => {
  it('take the only worker’s parameters, and the mean of all states', async () => {
    const a = await workerWith(Float32Array.of(1, 2), Float32Array.of(0, 4));
    const b = await workerWith(Float32Array.of(3, 4), Float32Array.of(1, 8));
    expect([...(await collectFromWorker(a)).parameters]).toEqual([1, 2]);
    expect([...(await collectState([a, b]))]).toEqual([0.5, 6]);
  });

  it('name the worker that is gone', async () => {
    await expect(collectFromWorker(undefined)).rejects.toThrow('worker 0: a connection expected');
    const a = await workerWith(Float32Array.of(1), Float32Array.of(1));
    await expect(collectState([a, undefined])).rejects.toThrow('worker 1: a connection expected');
  });
});
