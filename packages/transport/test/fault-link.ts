import { expect } from 'vitest';
import { type ConnectOptions, connect } from '../src/connect.js';
import type { Connection, Reply } from '../src/connection.js';
import { HELLO_BYTES, PROOF_BYTES } from '../src/hello.js';
import { type ListenOptions, listen, type Server } from '../src/listen.js';
import { type FaultProxy, faultProxy } from './fault-proxy.js';
import { OpenTimers } from './open-timers.js';
import { echo, gate, SHARD, TOKEN, WORKER } from './pair.js';

/** What each side sends before its first frame. */
export const HANDSHAKE_BYTES = HELLO_BYTES + PROOF_BYTES;
/** Nothing beats and nobody is missed within a test: so each byte on the wire is known. */
export const QUIET = { heartbeatMs: 60_000, detectionMs: 60_000 };
/** Where a frame of `ask` is cut: in the middle of each of its parts. */
export const PAYLOAD_BYTES = 1000;
export const STAGES = { prefix: 10, header: 42, payload: 48 + 500, crc: 48 + PAYLOAD_BYTES + 3 };
export type Stage = keyof typeof STAGES;

export interface FaultLink {
  readonly proxy: FaultProxy;
  readonly server: Server;
  /** Who connected. */
  readonly near: Connection;
  /** The server's end of it. */
  readonly far: Connection;
}

/** Asks for an echo: frames of { a: 1 } and 1,000 bytes, 1,056 in all, both ways. */
export function ask(
  connection: Connection,
  o: { send?: Uint8Array; into?: Uint8Array; timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<Reply> {
  const { send = new Uint8Array(PAYLOAD_BYTES).fill(7), into, timeoutMs, signal } = o;
  return connection.request(16, { a: 1 }, { sendView: send, receiveInto: into, timeoutMs, signal });
}

/** A server with a proxy before it; all is closed afterwards, and no socket or timer may be left. */
export async function withProxy(
  o: Partial<ListenOptions>,
  test: (proxy: FaultProxy, server: Server, timers: OpenTimers) => Promise<void>,
): Promise<void> {
  const timers = new OpenTimers().start();
  const server = await listen({ identity: SHARD, token: TOKEN, handler: echo, crc: true, ...QUIET, ...o });
  const proxy = await faultProxy({ target: server });
  try {
    await test(proxy, server, timers);
  } finally {
    await server.close({ timeoutMs: 10 });
    await server.close();
    await proxy.close();
  }
  await turns(10);
  timers.stop();
  expect({ sockets: sockets(), timers: timers.count }).toEqual({ sockets: 0, timers: 0 });
}

/** The same with a connection through the proxy. */
export async function withLink(
  o: { server?: Partial<ListenOptions>; client?: Partial<ConnectOptions> },
  test: (link: FaultLink) => Promise<void>,
): Promise<void> {
  const accepted = gate<Connection>();
  await withProxy({ ...o.server, onConnection: accepted.open }, async (proxy, server, timers) => {
    const near = await through(proxy, o.client);
    try {
      expect(timers.count).toBeGreaterThan(0); // what watches both ends: it is seen
      await test({ proxy, server, near, far: await accepted.promise });
    } finally {
      await Promise.all([near.close({ timeoutMs: 10 }), near.close()]);
    }
  });
}

/** Connects through a proxy. */
export function through(proxy: FaultProxy, o: Partial<ConnectOptions> = {}): Promise<Connection> {
  return connect({ ...proxy.address, identity: WORKER, token: TOKEN, crc: true, ...QUIET, ...o });
}

/** Lets this process read what lies in its sockets. */
export async function turns(n = 3): Promise<void> {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
}

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
}
