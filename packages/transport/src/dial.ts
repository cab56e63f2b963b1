import { connect as connectSocket, type Socket } from 'node:net';
import { checkAddress } from './address.js';
import { type AuthenticatedSocket, authenticate } from './authentication.js';
import type { WaitOptions } from './connection.js';
import { deadline } from './deadline.js';
import { TransportError } from './errors.js';
import { handshakeProgress } from './handshake.js';
import { checkIdentity, type Identity } from './identity.js';
import { checkToken } from './keys.js';
import { DEFAULT_TIMES } from './limits.js';
import { intakeOf, SocketIntake } from './socket-intake.js';
import { secureClient } from './tls-channel.js';
import { checkTlsMode, type TlsOptions, wantsTls } from './tls-mode.js';
import { selfName, waitError } from './wait-error.js';

/** timeoutMs (default 10,000) and signal bound the wait for the authenticated socket, not its life. */
export interface DialOptions extends WaitOptions, TlsOptions {
  readonly host: string;
  readonly port: number;
  /** Who this side is. */
  readonly identity: Identity;
  /** The run's token: 32 random bytes. */
  readonly token: Uint8Array;
  /** Who is to be there; another member of the run, this side itself above all, is an `authentication` error. By default anyone. */
  readonly expect?: { readonly role?: string | undefined; readonly rank?: number | undefined } | undefined;
}

/**
 * Connects to a door, and resolves when both sides have proved that they know the run's token. Nothing is read of the socket after
 * that, until its intake is started or something else reads its descriptor.
 *
 * @throws {TransportError} `configuration`, `unreachable`, `authentication`, `version`, `run`, `refused`, `timeout`, `aborted`, `lost`
 * @example const { socket, peer, rest, intake } = await dial({ host: '127.0.0.1', port, identity, token });
 */
export async function dial(o: DialOptions): Promise<AuthenticatedSocket> {
  checkIdentity(o.identity);
  checkToken(o.token);
  checkTlsMode(o.tls);
  checkAddress('connect', o.host, o.port);
  const wait = { operation: 'connect', self: selfName(o.identity), peer: `${o.host}:${o.port}` };
  return await new Promise<AuthenticatedSocket>((resolve, reject) => {
    let connected = false;
    const done = deadline({
      timeoutMs: o.timeoutMs ?? DEFAULT_TIMES.connectMs,
      signal: o.signal,
      ...wait,
      progress: () => (connected ? progress() : undefined),
      onExpire: (error) => end(error),
    });
    const intake = new SocketIntake();
    const socket = connectSocket({ host: o.host, port: o.port, noDelay: true, onread: intake.onread });
    intake.attach(socket, 'straight');
    const progress = () => handshakeProgress(socket, wantsTls(o, socket.remoteAddress));
    const end = (error: TransportError) => {
      done();
      socket.destroy();
      reject(error);
    };
    const fail = ({ code, reason, cause }: TransportError) =>
      end(waitError(code, { ...wait, ...(code === 'lost' && connected ? progress() : undefined) }, { reason, cause }));
    // Stays: an error between this wait and the owner's first listener must not end the process.
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      const text = cause.message || cause.code || cause.name;
      fail(new TransportError(connected ? 'lost' : 'unreachable', text, { cause }));
    });
    const onEnd = () => fail(new TransportError('lost', 'the server ended the connection during the handshake'));
    const begin = (channel: { readonly socket: Socket; readonly intake: SocketIntake }) => {
      channel.socket.on('close', onEnd).on('end', onEnd);
      authenticate({
        ...channel,
        side: 'client',
        identity: o.identity,
        token: o.token,
        onFailed: fail,
        onAuthenticated: (authenticated) => {
          const other = unexpected(o.expect, authenticated.peer);
          if (other !== undefined) {
            fail(other);
            return;
          }
          done();
          for (const ended of [socket, channel.socket]) ended.off('close', onEnd).off('end', onEnd);
          resolve(authenticated);
        },
      });
    };
    socket.on('close', onEnd);
    socket.on('connect', () => {
      connected = true;
      if (!wantsTls(o, socket.remoteAddress)) {
        begin({ socket, intake });
        return;
      }
      const onSecure = (secure: Socket) => begin({ socket: secure, intake: intakeOf(secure) });
      secureClient({ socket, token: o.token, onSecure, onFailed: fail });
    });
  });
}

function unexpected(expected: DialOptions['expect'], peer: Identity): TransportError | undefined {
  const { role = peer.role, rank = peer.rank } = expected ?? {};
  if (role === peer.role && rank === peer.rank) return undefined;
  return new TransportError('authentication', `${role} ${rank} expected, got ${peer.role} ${peer.rank}`);
}
