import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { type ConnectOptions, connect } from '../src/connect.js';
import type { Connection, Handler } from '../src/connection.js';
import { Handshake } from '../src/handshake.js';
import type { Side } from '../src/keys.js';
import { type ListenOptions, listen, type Server } from '../src/listen.js';

export const TOKEN = randomBytes(32);
export const SHARD = { role: 'shard', rank: 0, run: 'r1' };
export const WORKER = { role: 'worker', rank: 3, run: 'r1' };

/** Answers with what came. */
export const echo: Handler = ({ header, payload }) => ({ header, sendView: payload });

/** A server that ends with the test. */
export async function server(o: Partial<ListenOptions> = {}): Promise<Server> {
  const listening = await listen({ identity: SHARD, token: TOKEN, handler: echo, ...o });
  onTestFinished(() => listening.close());
  return listening;
}

/** A connection to a port of this machine, that ends with the test. */
export async function client(port: number, o: Partial<ConnectOptions> = {}): Promise<Connection> {
  const connection = await connect({ host: '127.0.0.1', port, identity: WORKER, token: TOKEN, ...o });
  onTestFinished(() => connection.close());
  return connection;
}

/** Both ends of a connection. */
export async function pair(o: { server?: Partial<ListenOptions>; client?: Partial<ConnectOptions> } = {}) {
  let accept: (connection: Connection) => void = () => {};
  const accepted = new Promise<Connection>((resolve) => {
    accept = resolve;
  });
  const listening = await server({ ...o.server, onConnection: accept });
  const near = await client(listening.port, o.client);
  return { server: listening, near, far: await accepted };
}

/** A plain socket to a port. */
export async function rawSocket(port: number): Promise<Socket> {
  const socket = connectSocket({ host: '127.0.0.1', port });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Does one side's part of the handshake by hand. */
export async function authenticate(socket: Socket, side: Side): Promise<Uint8Array> {
  const identity = side === 'client' ? WORKER : SHARD;
  const handshake = new Handshake({ side, identity, token: TOKEN, send: (bytes) => socket.write(bytes) });
  return await new Promise<Uint8Array>((resolve) => {
    const take = (chunk: Uint8Array) => {
      const rest = handshake.write(chunk);
      if (rest === undefined) return;
      socket.off('data', take);
      resolve(rest);
    };
    socket.on('data', take);
  });
}

/** A plain server that does the handshake, then hands the socket over. */
export async function rawServer(): Promise<{ port: number; socket: Promise<Socket> }> {
  let hand: (socket: Socket) => void = () => {};
  const accepted = new Promise<Socket>((resolve) => {
    hand = resolve;
  });
  const listening = createServer((socket) => {
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    void authenticate(socket, 'server').then(() => hand(socket));
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  onTestFinished(() => void listening.close());
  return { port: (listening.address() as AddressInfo).port, socket: accepted };
}

/** A promise and what settles it. */
export interface Gate<T = void> {
  readonly promise: Promise<T>;
  open(value: T): void;
}

export function gate<T = void>(): Gate<T> {
  let open: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open: (value) => open(value) };
}
