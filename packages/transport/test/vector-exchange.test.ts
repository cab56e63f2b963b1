import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../src/connection.js';
import { asFloat32 } from '../src/float32-view.js';
import { shardRanges } from '../src/shard-ranges.js';
import { gatherVector, type ShardPeer, scatterVector } from '../src/vector-exchange.js';
import { gate, pair } from './pair.js';

const [PUSH, PULL] = [16, 17];

/** Shards that keep their range, add what is pushed, and answer with the sum. */
async function shardsOf(n: number, count: number): Promise<{ peers: ShardPeer[]; connections: Connection[] }> {
  const connections = await Promise.all(
    Array.from({ length: count }, async (_, shard) => {
      const range = shardRanges(n, count)[shard]!;
      const center = new Float32Array(range.end - range.start);
      let version = 0;
      const { near } = await pair({
        server: {
          handler: ({ kind, payload }) => {
            if (kind === PUSH) {
              const delta = asFloat32(payload);
              for (let i = 0; i < center.length; i++) center[i]! += delta[i]!;
              version += 1;
            }
            return { header: { shard, version }, sendView: center };
          },
        },
      });
      return near;
    }),
  );
  const ranges = shardRanges(n, count);
  return { peers: connections.map((connection, i) => ({ connection, range: ranges[i]! })), connections };
}

describe('a vector over shards', () => {
  it('goes out by scatter, comes back with the answers, and again by gather: any n, any number of shards', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(50), fc.integer({ min: 1, max: 5 }), async (n, count) => {
        const { peers, connections } = await shardsOf(n, count);
        const vector = Float32Array.from({ length: n }, (_, i) => i + 1);
        const center = new Float32Array(n).fill(-1);
        const versions = await scatterVector(vector, peers, {
          kind: PUSH,
          header: (i) => ({ i }),
          receiveInto: center,
          onReply: ({ version, shard }, i) => [shard, i, version],
        });
        expect(versions).toEqual(peers.map((_, i) => [i, i, 1]));
        expect(center).toEqual(vector);
        await scatterVector(vector, peers, { kind: PUSH, onReply: () => 0 });
        await gatherVector(center, peers, { kind: PULL, onReply: () => 0 });
        expect(center).toEqual(vector.map((x) => 2 * x));
        await Promise.all(connections.map((connection) => connection.close()));
      }),
      { numRuns: 15 },
    );
  });

  it('has all shards in flight, waits for all after a failure, and only then rejects', async () => {
    const arrived = Array.from({ length: 3 }, () => gate());
    const answer = gate();
    const peers = await Promise.all(
      arrived.map(async (came, i) => {
        const { near } = await pair({
          server: {
            handler: async () => {
              came.open();
              if (i === 0) throw new Error('no memory');
              await answer.promise;
              return { sendView: Float32Array.of(7, 7) };
            },
          },
        });
        return { connection: near, range: { start: 2 * i, end: 2 * i + 2 } };
      }),
    );
    const vector = new Float32Array(6);
    let settled = false;
    const gathered = gatherVector(vector, peers, { kind: PULL, onReply: () => 0 }).finally(() => {
      settled = true;
    });
    const outcome = expect(gathered).rejects.toMatchObject({ code: 'remote', remoteMessage: 'no memory' });
    await Promise.all(arrived.map((came) => came.promise));
    await peers[0]!.connection.request(PULL, {}).catch(() => {});
    expect(settled).toBe(false);
    answer.open();
    await outcome;
    expect([...vector]).toEqual([0, 0, 7, 7, 7, 7]);
  });

  it('refuses an answer of another length, and a range outside of the vector', async () => {
    const { peers } = await shardsOf(4, 2);
    const wrong = peers.map(({ connection }, i) => ({ connection, range: { start: 4 * i, end: 4 * i + 4 } }));
    const o = { kind: PULL, onReply: () => 0 };
    await expect(gatherVector(new Float32Array(8), wrong, o)).rejects.toMatchObject({
      code: 'protocol',
      message: expect.stringMatching(/answer of shard 0 \(kind \d+\): 8 of 16 bytes had come from shard 0 at /),
      receivedBytes: 8,
      expectedBytes: 16,
    });
    await expect(gatherVector(new Float32Array(7), wrong, o)).rejects.toThrow(
      'shard 1: a range within 7 elements expected, got 4 to 8',
    );
  });
});
