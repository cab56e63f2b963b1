import { describe, expect, it, onTestFinished } from 'vitest';
import { connectStriped } from '../src/connect-striped.js';
import type { Connection } from '../src/connection.js';
import { server, TOKEN, WORKER } from './pair.js';

const to = (port: number) => ({ host: '127.0.0.1', port, identity: WORKER, token: TOKEN });

describe('connectStriped', () => {
  it.each([1, 4])('opens %i sockets of one identity', async (sockets) => {
    const listening = await server();
    const connection = await connectStriped({ ...to(listening.port), sockets });
    onTestFinished(() => connection.close());
    expect(listening.connections.size).toBe(sockets);
    expect([...listening.connections].map(({ peer }) => peer)).toEqual(Array.from({ length: sockets }, () => WORKER));
    expect((await connection.request(16, { a: 1 })).header).toEqual({ a: 1 });
    await connection.close();
    expect(await connection.closed).toBeUndefined();
  });

  it('closes those that were opened when one fails', async () => {
    const ends: Connection['closed'][] = [];
    const refusing = AbortSignal.abort();
    const one = new AbortController();
    const listening = await server({
      onConnection: (connection) => {
        ends.push(connection.closed);
        if (ends.length === 3) one.abort();
      },
    });
    const o = { ...to(listening.port), sockets: 8 };
    await expect(connectStriped({ ...o, signal: refusing })).rejects.toMatchObject({ code: 'aborted' });
    await expect(connectStriped({ ...o, signal: one.signal })).rejects.toMatchObject({ code: 'aborted' });
    expect(ends).toHaveLength(3);
    await Promise.all(ends);
    expect(listening.connections.size).toBe(0);
  });

  it('refuses a number of sockets that is none', async () => {
    for (const sockets of [0, 1.5, 65]) {
      await expect(connectStriped({ ...to(1), sockets })).rejects.toMatchObject({ code: 'configuration' });
    }
  });
});
