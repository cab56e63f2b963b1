import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { TransportError } from './errors.js';
import { Handshake, type HandshakeOptions } from './handshake.js';
import type { Identity } from './identity.js';
import type { ByteConsumer, SocketIntake } from './socket-intake.js';
import { channelBinding } from './tls-channel.js';

/** A socket whose peer has proved that it knows the run's token. It is whose it was handed to. */
export interface AuthenticatedSocket {
  readonly socket: Socket;
  readonly peer: Identity;
  /** The peer's address, as `127.0.0.1:4000`. */
  readonly address: string;
  /** Whether it is under TLS. */
  readonly secure: boolean;
  /** The highest frame version that both speak. */
  readonly version: number;
  /** What came after the handshake: the first bytes of the frames. */
  readonly rest: Uint8Array;
  /** Reads the socket; stopped. Not to be started where something else reads the socket's descriptor. */
  readonly intake: SocketIntake;
}

export interface AuthenticationOptions extends Omit<HandshakeOptions, 'send' | 'binding'> {
  readonly socket: Socket;
  readonly intake: SocketIntake;
  /** Called once, when the peer has proved itself and reading has stopped; or onFailed is. */
  onAuthenticated(socket: AuthenticatedSocket): void;
  onFailed(error: TransportError): void;
}

/** For what nobody wants: unread bytes would turn a farewell into a reset. */
export const NOWHERE: ByteConsumer = { write: () => {} };

/** `127.0.0.1:4000`, of a socket's other end. */
export function remoteOf(socket: Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}

/**
 * Does one side's part of the handshake over an open socket. Time limits and the socket's own events are the caller's.
 *
 * @example authenticate({ side: 'client', identity, token, socket, intake, onAuthenticated, onFailed });
 */
export function authenticate(o: AuthenticationOptions): void {
  const { socket, intake } = o;
  const secure = socket instanceof TLSSocket;
  const send = (bytes: Uint8Array) => void socket.write(bytes);
  const handshake = new Handshake({ ...o, ...(secure ? { binding: channelBinding(socket) } : {}), send });
  intake.start({
    write: (chunk) => {
      let rest: Uint8Array | undefined;
      try {
        rest = handshake.write(chunk);
      } catch (error) {
        intake.start(NOWHERE);
        o.onFailed(error as TransportError);
        return;
      }
      if (rest === undefined) return;
      intake.stop();
      const { peer, version } = handshake.authenticated!;
      // Its own bytes: the chunk's memory is read into again.
      o.onAuthenticated({ socket, peer, address: remoteOf(socket), secure, version, rest: rest.slice(), intake });
    },
  });
}
