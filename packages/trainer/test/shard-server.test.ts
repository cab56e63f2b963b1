import { randomBytes } from 'node:crypto';
import { type Connection, connect, type Header, listen, type Server } from '@weft/transport';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { algorithm } from '../src/algorithms/index.js';
import { ParameterShard } from '../src/parameter-shard.js';
import { ShardKind } from '../src/shard-messages.js';
import { shardHandler } from '../src/shard-server.js';

const run = 'test';
const token = randomBytes(32);

describe('shardHandler', () => {
  let shard: ParameterShard;
  let server: Server;
  const open: Connection[] = [];

  beforeEach(async () => {
    const rule = algorithm('adag').shard!({ window: 1, workers: 2, settings: {} });
    shard = new ParameterShard({ center: Float32Array.of(1, 2), rule, workers: 2 });
    server = await listen({ identity: { role: 'shard', rank: 0, run }, token, handler: shardHandler(shard) });
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((connection) => connection.close()));
    await server.close();
  });

  async function connectAs(role: string, rank: number): Promise<Connection> {
    const connection = await connect({ host: server.host, port: server.port, identity: { role, rank, run }, token });
    open.push(connection);
    return connection;
  }

  const floats = (payload: Uint8Array) => [...new Float32Array(payload.slice().buffer)];
  const id = (worker: number, window = 0, incarnation = 0) => ({ worker, incarnation, window });

  it('answers a pull, a push with and without a reply, and a question for its statistics', async () => {
    const worker = await connectAs('worker', 0);
    const pulled = await worker.request(ShardKind.pull, {});
    expect(pulled.header).toEqual({ version: 0 });
    expect(floats(pulled.payload)).toEqual([1, 2]);

    const header: Header = { id: id(0), version: 0, pull: true };
    const pushed = await worker.request(ShardKind.push, header, { sendView: Float32Array.of(1, -1) });
    expect(pushed.header).toEqual({ version: 1, staleness: 0, outcome: 'applied' });
    expect(floats(pushed.payload)).toEqual([2, 1]);

    const silent: Header = { id: id(0, 1), version: 1, pull: false };
    const answer = await worker.request(ShardKind.push, silent, { sendView: Float32Array.of(1, 1) });
    expect(answer.header).toEqual({ version: 2, staleness: 0, outcome: 'applied' });
    expect(answer.payload.byteLength).toBe(0);

    const stats = await worker.request(ShardKind.stats, {});
    expect(stats.header).toEqual({ version: 2, staleness: [[0, 2]] });
    expect([...shard.center]).toEqual([3, 2]);
  });

  it('tells a repeated push from a new one', async () => {
    const worker = await connectAs('worker', 1);
    const header: Header = { id: id(1), version: 0, pull: true };
    await worker.request(ShardKind.push, header, { sendView: Float32Array.of(1, 1) });
    const again = await worker.request(ShardKind.push, header, { sendView: Float32Array.of(1, 1) });
    expect(again.header).toEqual({ version: 1, staleness: 0, outcome: 'duplicate' });
    expect(floats(again.payload)).toEqual([2, 3]);
  });

  it('lets others pull without a part in staleness', async () => {
    const coordinator = await connectAs('coordinator', 0);
    const worker = await connectAs('worker', 0);
    await worker.request(ShardKind.push, { id: id(0), version: 0, pull: false }, { sendView: Float32Array.of(1, 1) });
    for (const kind of [ShardKind.pull, ShardKind.peek]) {
      const { header, payload } = await coordinator.request(kind, {});
      expect(header).toEqual({ version: 1 });
      expect(floats(payload)).toEqual([2, 3]);
    }
    const header: Header = { id: id(0, 1), version: 0, pull: true };
    const pushed = await worker.request(ShardKind.push, header, { sendView: Float32Array.of(0, 0) });
    expect(pushed.header).toMatchObject({ staleness: 0 });
  });

  describe('refuses, and goes on serving', () => {
    const push = (header: Header, elements = 2) =>
      ({ kind: ShardKind.push, header, payload: new Float32Array(elements).fill(1) }) as const;
    const refusals: [
      label: string,
      message: { kind: number; header: Header; payload?: ArrayBufferView },
      remote: string,
    ][] = [
      [
        'a push in the name of another worker',
        push({ id: id(1), version: 0, pull: true }),
        'push from worker 0: its own worker number expected, got 1',
      ],
      [
        'a kind that it does not know',
        { kind: 99, header: {} },
        'shard: pull, peek, push or stats expected, got frame kind 99',
      ],
      [
        'a push without an id',
        push({ version: 0, pull: true }),
        'push from worker 0: a push id expected, got undefined',
      ],
      [
        'an id of the wrong type',
        push({ id: { worker: 0, incarnation: 0, window: '0' }, version: 0, pull: true }),
        'push from worker 0: a whole number ≥ 0 as window expected, got 0',
      ],
      [
        'a version below 0',
        push({ id: id(0), version: -1, pull: true }),
        'push from worker 0: a whole number ≥ 0 as version expected, got -1',
      ],
      [
        'a version that is not reached',
        push({ id: id(0), version: 5, pull: true }),
        'push 0 of worker 0: version 0 or before expected, got 5',
      ],
      [
        'a message of another length',
        push({ id: id(0), version: 0, pull: true }, 3),
        'push 0 of worker 0: 2 elements expected, got 3',
      ],
    ];

    it.each(refusals)('%s', async (_, message, remoteMessage) => {
      const worker = await connectAs('worker', 0);
      const { kind, header, payload } = message;
      const answer = worker.request(kind, header, { sendView: payload });
      await expect(answer).rejects.toMatchObject({
        code: 'remote',
        remoteCode: 'bad-message',
        remoteMessage,
        retryable: false,
      });
      expect(shard.version).toBe(0);
      expect((await worker.request(ShardKind.pull, {})).header).toEqual({ version: 0 });
    });

    it('bytes that are no float32', async () => {
      const worker = await connectAs('worker', 0);
      const header: Header = { id: id(0), version: 0, pull: true };
      const answer = worker.request(ShardKind.push, header, { sendView: new Uint8Array(7) });
      await expect(answer).rejects.toMatchObject({ code: 'remote', remoteCode: 'misaligned' });
    });

    it('a push by someone who is no worker', async () => {
      const coordinator = await connectAs('coordinator', 0);
      const header: Header = { id: id(0), version: 0, pull: true };
      const answer = coordinator.request(ShardKind.push, header, { sendView: Float32Array.of(1, 1) });
      const remoteMessage = 'push from coordinator 0: a worker expected';
      await expect(answer).rejects.toMatchObject({ remoteCode: 'bad-message', remoteMessage });
    });

    it('an incarnation that was replaced', async () => {
      const worker = await connectAs('worker', 0);
      const payload = Float32Array.of(1, 1);
      await worker.request(ShardKind.push, { id: id(0, 0, 1), version: 0, pull: true }, { sendView: payload });
      const answer = worker.request(ShardKind.push, { id: id(0, 1, 0), version: 0, pull: true }, { sendView: payload });
      await expect(answer).rejects.toMatchObject({ code: 'remote', remoteCode: 'fenced', retryable: false });
    });
  });
});
