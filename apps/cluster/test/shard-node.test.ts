import { shardLink } from '@weft/trainer';
import { connect, type Message } from '@weft/transport';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ControlKind } from '../src/control-messages.js';
import { runShardNode } from '../src/shard-node.js';
import { fakeCoordinator } from './fake-coordinator.js';

const rule = { trainer: 'downpour', window: 1, workers: 1, settings: {} };
const θ = Float32Array.of(1, 2, 3);

describe('runShardNode', () => {
  it('serves its range of θ, and tells where', async () => {
    const told: Message['header'][] = [];
    const { start, control } = await fakeCoordinator('shard', ({ kind, header }) => {
      if (kind === ControlKind.join) return { header: { rule, range: { start: 4, end: 7 } }, sendView: θ };
      told.push(header);
      return {};
    });
    const server = await runShardNode(start, control);
    onTestFinished(() => server.close());
    expect(told).toEqual([{ host: server.host, port: server.port }]);
    const identity = { role: 'worker', rank: 0, run: 'r' };
    const token = Buffer.from(start.token, 'hex');
    const connection = await connect({ host: server.host, port: server.port, identity, token });
    onTestFinished(() => connection.close());
    const link = shardLink({ shards: [{ connection, range: { start: 0, end: 3 } }], timeoutMs: 10_000 });
    await link.push({ worker: 0, incarnation: 0, window: 0 }, Float32Array.of(1, 1, 1), null);
    const pulled = new Float32Array(3);
    await link.pull(pulled);
    expect([...pulled]).toEqual([2, 3, 4]);
  });

  it('refuses a job that it cannot do', async () => {
    const shardOf = async (trainer: string) => {
      const header = { rule: { ...rule, trainer }, range: { start: 0, end: 3 } };
      const { start, control } = await fakeCoordinator('shard', () => ({ header, sendView: θ }));
      return runShardNode(start, control);
    };
    await expect(shardOf('single')).rejects.toThrow('shard 0: trainer single has no server');
    await expect(shardOf('best')).rejects.toThrow('got "best"');
    const { start, control } = await fakeCoordinator('shard', () => ({ header: { rule } }));
    await expect(runShardNode(start, control)).rejects.toThrow('shard 0: job: range: ');
  });

  it('names a port that is in use', async () => {
    const header = { rule, range: { start: 0, end: 3 } };
    const { start, control } = await fakeCoordinator('shard', () => ({ header, sendView: θ }));
    const taken = { ...start, listen: { host: start.host, port: start.port } };
    await expect(runShardNode(taken, control)).rejects.toThrow(`shard 0: listen on ${start.host}:${start.port}: `);
  });
});
