import { listen, type Message } from '@weft/transport';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NodeStart } from '../../src/control-messages.js';
import { deferred } from '../../src/deferred.js';
import { connectToCoordinator } from '../../src/node-connection.js';
import { PreprocessKind } from '../../src/preprocess/messages.js';
import { joinRing } from '../../src/preprocess/ring.js';

/** A coordinator where so many workers meet, and their connections to it. */
async function meeting(size: number) {
  const token = Buffer.alloc(32, 7);
  const addresses: unknown[] = [];
  const all = deferred<void>();
  const handler = async ({ kind, peer, header }: Message) => {
    expect(kind).toBe(PreprocessKind.meet);
    addresses[peer.rank] = header;
    if (Object.keys(addresses).length === size) all.resolve();
    await all.promise;
    return { header: { addresses } };
  };
  const server = await listen({ identity: { role: 'coordinator', rank: 0, run: 'r' }, token, handler });
  onTestFinished(() => server.close());
  const { host, port } = server;
  return await Promise.all(
    Array.from({ length: size }, async (_, rank) => {
      const place = { role: 'preprocessor' as const, rank, listen: { host, port: 0 } };
      const start: NodeStart = { ...place, run: 'r', token: token.toString('hex'), insecure: false, host, port };
      const control = await connectToCoordinator(start, () => undefined);
      onTestFinished(() => control.close());
      return { start, control };
    }),
  );
}

describe('joinRing', () => {
  it.each([1, 2, 3])('adds up vectors over %i workers, with the same bits everywhere', async (size) => {
    const workers = await meeting(size);
    const rings = await Promise.all(workers.map(({ start, control }) => joinRing(start, control, { size })));
    onTestFinished(async () => void (await Promise.all(rings.map((ring) => ring.close()))));
    expect(rings.map((ring) => [ring.rank, ring.size])).toEqual(rings.map((_, rank) => [rank, size]));
    for (const length of [0, 1, 1000, 100_000]) {
      const vectors = rings.map(({ rank }) => new Float32Array(length).fill(rank + 1));
      await Promise.all(rings.map((ring, i) => ring.sum(vectors[i]!)));
      const sum = (size * (size + 1)) / 2;
      for (const vector of vectors) expect(vector.every((value) => value === sum)).toBe(true);
    }
  });

  it('fails for all when one goes', async () => {
    const workers = await meeting(2);
    const [first, second] = await Promise.all(
      workers.map(({ start, control }) => joinRing(start, control, { size: 2 })),
    );
    const waiting = first!.sum(new Float32Array(10));
    await second!.close();
    await expect(waiting).rejects.toMatchObject({ code: 'lost' });
    await first!.close();
  });
});
