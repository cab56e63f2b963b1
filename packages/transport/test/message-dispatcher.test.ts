import { describe, expect, it } from 'vitest';
import type { Handler } from '../src/connection.js';
import { payloadPool } from '../src/payload-pool.js';
import { type Gate, gate, pair } from './pair.js';

const MEGABYTE = 1024 ** 2;

describe('messages', () => {
  it('lie in the pool’s memory until they are answered', async () => {
    const pool = payloadPool({ maxRetainedBytes: MEGABYTE });
    const buffers = new Set<ArrayBufferLike>();
    let written = 0;
    const handler: Handler = ({ payload }) => {
      buffers.add(payload.buffer);
      return { sendView: payload, onSent: () => written++ };
    };
    const { near } = await pair({ server: { handler, pool } });
    for (let i = 0; i < 10; i++) {
      const reply = await near.request(16, {}, { sendView: new Uint8Array(100_000).fill(i) });
      expect(new Set(reply.payload)).toEqual(new Set([i]));
    }
    expect(written).toBeGreaterThanOrEqual(9);
    expect(buffers.size).toBeLessThanOrEqual(2);
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const reply = await near.request(16, {}, { sendView: new Uint8Array(100_000).fill(i) });
        expect(new Set(reply.payload)).toEqual(new Set([i]));
      }),
    );
  });

  it('that are retained keep their memory until they are released, and count as handled so long', async () => {
    const pool = payloadPool({ maxRetainedBytes: MEGABYTE });
    const kept: { payload: Uint8Array; release: () => void }[] = [];
    let seen = gate();
    const handler: Handler = ({ payload, retain }) => {
      kept.push({ payload, release: retain() });
      seen.open();
      return undefined;
    };
    const { near } = await pair({ server: { handler, pool, limits: { maxHandledMessages: 3 } } });
    const asked = Array.from({ length: 6 }, (_, i) =>
      near.request(16, {}, { sendView: new Uint8Array(100_000).fill(i) }),
    );
    const buffers = new Set<ArrayBufferLike>();
    for (let i = 0; i < 6; i++) {
      while (kept.length === 0) {
        await seen.promise;
        seen = gate();
      }
      const { payload, release } = kept.shift()!;
      expect(new Set(payload)).toEqual(new Set([i]));
      buffers.add(payload.buffer);
      release();
    }
    await Promise.all(asked);
    expect(buffers.size).toBeLessThanOrEqual(4);
  });

  it.each(['server', 'client'] as const)('are read no further than may be handled at once, by a %s', async (reader) => {
    const gates: Gate[] = [];
    let seen = gate();
    let most = 0;
    let now = 0;
    const handler: Handler = async () => {
      most = Math.max(most, ++now);
      const mine = gate();
      gates.push(mine);
      seen.open();
      await mine.promise;
      now--;
      return undefined;
    };
    const { near, far } = await pair({ [reader]: { limits: { maxHandledMessages: 2 }, handler } });
    const from = reader === 'server' ? near : far;
    const asked = Array.from({ length: 6 }, () => from.request(16, {}, { sendView: new Uint8Array(200_000) }));
    for (let i = 0; i < 6; i++) {
      while (gates.length === 0) {
        await seen.promise;
        seen = gate();
      }
      gates.shift()!.open();
    }
    await Promise.all(asked);
    // One more may lie complete in the bytes that were read together.
    expect(most).toBeLessThanOrEqual(3);
  });

  it('handles no more than maxHandledMessages at once, however many come in one read', async () => {
    const open: Gate[] = [];
    let most = 0;
    let handled = 0;
    const handler: Handler = async () => {
      const done = gate();
      open.push(done);
      most = Math.max(most, open.length);
      queueMicrotask(() => setImmediate(() => open.shift()!.open()));
      await done.promise;
      handled += 1;
      return undefined;
    };
    const { near } = await pair({ server: { handler, limits: { maxHandledMessages: 4 } } });
    await Promise.all(Array.from({ length: 500 }, () => near.request(16, {})));
    expect([most, handled]).toEqual([4, 500]);
  });
});
