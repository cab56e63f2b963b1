import type { Socket } from 'node:net';
import { hasCollectiveRunner } from '@weft/native';
import type { AuthenticatedSocket } from '../authentication.js';
import { TransportError } from '../errors.js';
import type { Executor } from './executor.js';
import { NativeExecutor } from './native-executor.js';
import { SocketExecutor } from './socket-executor.js';

/** A rank's two connections to a peer: each rank receives on the one that it dialled, and sends on the other. */
export interface Channels {
  receive?: AuthenticatedSocket;
  send?: AuthenticatedSocket;
}

export interface OpenExecutorOptions {
  /** By rank; both connections of each are open. */
  readonly channels: ReadonlyMap<number, Channels>;
  /** Whether frames carry a checksum. */
  readonly crc: boolean;
  /** Tries before a native executor's thread sleeps. */
  readonly spins: number;
  /** Default native where it can be, else socket. */
  readonly kind?: 'native' | 'socket' | undefined;
}

/**
 * An executor over a group's sockets, which are its own from then on: native where there is an addon and none of them is under TLS.
 *
 * @throws {TransportError} `configuration` when native is asked for and cannot be
 */
export function openExecutor({ channels, crc, spins, kind }: OpenExecutorOptions): Executor {
  const peers = [...channels.keys()];
  const receive = peers.map((peer) => channels.get(peer)!.receive!);
  const send = peers.map((peer) => channels.get(peer)!.send!);
  const fds = { receive: receive.map(descriptorOf), send: send.map(descriptorOf) };
  const possible = hasCollectiveRunner() && [...fds.receive, ...fds.send].every((fd) => fd !== undefined);
  if (kind === 'native' && !possible) {
    throw new TransportError('configuration', 'executor: native needs the addon, and connections without TLS');
  }
  if (kind === 'socket' || !possible) return new SocketExecutor({ peers, receive, send, crc });
  const executor = new NativeExecutor({
    peers,
    receive: fds.receive as number[],
    send: fds.send as number[],
    rests: receive.map(({ rest }) => rest),
    crc,
    spins,
  });
  // The thread has duplicates: these descriptors only close.
  for (const { socket } of [...receive, ...send]) socket.destroy();
  return executor;
}

/** The descriptor under a plain socket; undefined under TLS, where Node may have read ahead, and where the platform has none. */
function descriptorOf({ socket, secure, intake }: AuthenticatedSocket): number | undefined {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } };
  const fd = handle?.fd;
  return secure || !intake.straight || fd === undefined || fd < 0 || socket.writableLength > 0 ? undefined : fd;
}
