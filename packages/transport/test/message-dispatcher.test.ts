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
      return { payload, onWritten: () => written++ };
    };
    const { near } = await pair({ server: { handler, pool } });
    for (let i = 0; i < 10; i++) {
      const reply = await near.request(16, {}, { payload: new Uint8Array(100_000).fill(i) });
      expect(new Set(reply.payload)).toEqual(new Set([i]));
    }
    expect(written).toBeGreaterThanOrEqual(9);
    expect(buffers.size).toBeLessThanOrEqual(2);
    await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const reply = await near.request(16, {}, { payload: new Uint8Array(100_000).fill(i) });
        expect(new Set(reply.payload)).toEqual(new Set([i]));
      }),
    );
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
    const asked = Array.from({ length: 6 }, () => from.request(16, {}, { payload: new Uint8Array(200_000) }));
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
});
