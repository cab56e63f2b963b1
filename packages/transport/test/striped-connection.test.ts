import { describe, expect, it, onTestFinished } from 'vitest';
import { connectStriped } from '../src/connect-striped.js';
import type { Connection, Handler } from '../src/connection.js';
import { type Gate, gate, server, TOKEN, WORKER } from './pair.js';

async function striped(sockets: number, handler: Handler) {
  const far: Connection[] = [];
  const { port } = await server({ handler, onConnection: (connection) => far.push(connection) });
  const near = await connectStriped({ host: '127.0.0.1', port, identity: WORKER, token: TOKEN, sockets });
  onTestFinished(() => near.close());
  return { near, far };
}

describe('StripedConnection', () => {
  it('gives each message to the socket that has the least to do', async () => {
    const seen: { connection: Connection; bytes: number; gate: Gate }[] = [];
    const all = gate();
    const handler: Handler = async ({ payload }, connection) => {
      const answer = gate();
      seen.push({ connection, bytes: payload.length, gate: answer });
      if (seen.length === 6) all.open();
      await answer.promise;
      return undefined;
    };
    const { near } = await striped(3, handler);
    const ask = (bytes: number) => near.request(16, {}, { sendView: new Uint8Array(bytes) });
    // One has the long payload; the five short ones share the other two sockets.
    const asked = [ask(100_000), ask(10), ask(10), ask(10), ask(10), ask(10)];
    await all.promise;
    const of = (connection: Connection) => seen.filter((one) => one.connection === connection).length;
    const long = seen.find(({ bytes }) => bytes === 100_000)!;
    expect(of(long.connection)).toBe(1);
    expect(new Set(seen.map(({ connection }) => connection)).size).toBe(3);
    for (const one of seen) one.gate.open();
    await Promise.all(asked);
  });

  it('keeps the order of what is awaited', async () => {
    const order: unknown[] = [];
    const { near } = await striped(4, ({ header }) => {
      order.push(header['i']);
      return undefined;
    });
    for (let i = 0; i < 20; i++) await near.request(16, { i });
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  it('stamps its term on every socket, and sums what they did', async () => {
    const terms: number[] = [];
    const { near } = await striped(3, ({ term }) => {
      terms.push(term);
      return undefined;
    });
    near.term = 5;
    expect(near.term).toBe(5);
    await Promise.all(Array.from({ length: 9 }, () => near.request(16, {})));
    expect(terms).toEqual(Array.from({ length: 9 }, () => 5));
    expect(near.stats).toMatchObject({ receivedFrames: 9, pendingRequests: 0 });
  });

  it('ends as a whole when one socket is lost', async () => {
    const { near, far } = await striped(3, () => new Promise(() => {}));
    const asked = Promise.allSettled(Array.from({ length: 3 }, () => near.request(16, {})));
    await far[1]!.close();
    expect(await near.closed).toMatchObject({ code: 'peer-closed' });
    expect((await asked).map((outcome) => outcome.status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(near.notify(16, {})).rejects.toMatchObject({ code: expect.stringMatching(/closed/) });
  });

  it('tells all that wait why the first socket ended, not that this side then closed the others', async () => {
    const began = gate();
    let handled = 0;
    const { near, far } = await striped(2, () => {
      handled += 1;
      if (handled === 2) began.open();
      return new Promise(() => {});
    });
    const asked = Promise.allSettled([near.request(16, {}), near.request(16, {})]);
    await began.promise;
    await far[0]!.close();
    for (const outcome of await asked) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'peer-closed', retryable: true } });
    }
    expect(await near.closed).toMatchObject({ code: 'peer-closed' });
  });

  it('bounds its close', async () => {
    const { near } = await striped(2, () => undefined);
    await near.close({ timeoutMs: 5_000 });
    await expect(near.request(16, {})).rejects.toMatchObject({ code: 'closed' });
  });
});
